// Writes the JSON schemas of experiment files into schemas/, from the experiment spec: node --import=tsx scripts/schemas.ts

import { writeFileSync } from "node:fs";
import path from "node:path";
import { inversionFileSchema, sweepFileSchema } from "../src/sweeps/experiment-schemas.ts";

const folder = path.join(import.meta.dirname, "..", "schemas");
const schemas = { "inversion.schema.json": inversionFileSchema(), "sweep.schema.json": sweepFileSchema() };
for (const [name, schema] of Object.entries(schemas)) {
  writeFileSync(path.join(folder, name), `${JSON.stringify(schema, null, 2)}\n`);
}
