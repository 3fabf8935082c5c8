// Lint rules, and the layering of the rooms: an import may only point to a room earlier in ROOMS.
import js from "@eslint/js";
import typescript from "typescript-eslint";

/** The rooms of src/ from the ground up, as described in the README's "The house". */
const ROOMS = [
  "common",
  "tensorgraph",
  "networks",
  "checkpoints",
  "runtime",
  "text",
  "experiments",
  "describe",
  "records",
  "reports",
  "engine",
  "sweeps",
  "reproduction",
  "session",
  "host",
];

const onlyIn = (module, where) => ({ name: module, message: `${module} is imported in ${where} alone.` });
const VSCODE = onlyIn("vscode", "src/host and src/extension.ts");
const ONNX_RUNTIME = onlyIn("onnxruntime-node", "src/runtime/onnxruntime.ts");

const layers = ROOMS.map((room, level) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        paths: room === "host" ? [ONNX_RUNTIME] : [VSCODE, ONNX_RUNTIME],
        patterns: ROOMS.slice(level + 1).map((upper) => ({
          group: [`**/${upper}/**`],
          message: `src/${room} stands below src/${upper}: imports only point down the list of rooms.`,
        })),
      },
    ],
  },
}));

export default typescript.config(
  { ignores: ["dist/", ".cache/", "node_modules/"] },
  js.configs.recommended,
  ...typescript.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/require-await": "off",
      "eqeqeq": "error",
      "no-restricted-imports": ["error", { paths: [VSCODE, ONNX_RUNTIME] }],
    },
  },
  ...layers,
  { files: ["src/runtime/onnxruntime.ts"], rules: { "no-restricted-imports": "off" } },
  {
    files: ["src/extension.ts"],
    rules: { "no-restricted-imports": ["error", { paths: [ONNX_RUNTIME] }] },
  },
  {
    files: ["src/cli.ts", "src/cli/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: [VSCODE, ONNX_RUNTIME],
          patterns: [{ group: ["**/host/**"], message: "The terminal has no VS Code." }],
        },
      ],
    },
  },
  {
    files: ["webview/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "/src/(?!describe/)",
              allowTypeImports: true,
              message: "The page imports values from src/describe alone, else types.",
            },
          ],
        },
      ],
    },
  },
  {
    files: ["src/describe/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              // A page has neither Node nor the packages that the rooms below stand on.
              regex: "^(?!\\./|\\.\\./common/|@vscode/l10n$)",
              allowTypeImports: true,
              message: "src/describe is part of the pages: beside common and the translator it imports only types.",
            },
          ],
        },
      ],
    },
  },
  {
    // Tests, benches, scripts and recipes may look into any room and name any runtime.
    files: ["test/**/*.ts", "bench/**/*.ts", "scripts/**/*.{js,ts}", "models/**/*.ts"],
    rules: { "no-restricted-imports": "off", "@typescript-eslint/no-unused-expressions": "off" },
  },
  {
    files: ["**/*.js"],
    ...typescript.configs.disableTypeChecked,
    rules: { ...typescript.configs.disableTypeChecked.rules, "no-undef": "off" }, // the type checker knows better
  },
);
