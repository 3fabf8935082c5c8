// From a spec to the events of its run: opens what the spec names, hands it to the method, and keeps it open for the next
// run, which is most often the same network with another seed.

import { type Checkpoint, matrixFormat, type WeightStore } from "../checkpoints/checkpoint.ts";
import { openFullyConnected } from "../checkpoints/generated/fully-connected-weights.ts";
import type { HubSettings } from "../checkpoints/hub/hub-settings.ts";
import { openCheckpoint } from "../checkpoints/open.ts";
import { quantise, type QuantisedCheckpoint } from "../checkpoints/generated/reduced-precision.ts";
import type { WritingOptions } from "../checkpoints/generated/random-files.ts";
import { LabError, throwIfCancelled } from "../common/errors.ts";
import type { OnProgress } from "../common/progress.ts";
import type { Quantisation, RunEvent } from "../experiments/events.ts";
import { methodOf } from "../experiments/methods/table.ts";
import type { FitSizes } from "../experiments/exact/fit.ts";
import { quantisationAt } from "../experiments/precision-error.ts";
import type { NetworkRequest, StatesSetting } from "../experiments/setting.ts";
import { RANDOM } from "../checkpoints/generated/random-network.ts";
import type { NetworkConfig } from "../networks/architectures/architecture.ts";
import { blockWeights, headWeight, parameterCount } from "../networks/architectures/architectures.ts";
import { hasFinalNorm, hasHead } from "../networks/outputs.ts";
import { valuesOf } from "../experiments/common-fields.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { automaticDevice, forgetAutomaticDevice, prepareDevice } from "../runtime/devices/device-choice.ts";
import { type DeviceName, deviceNamed, devicesOf, whereDeviceExists } from "../runtime/devices/devices.ts";
import type { NetworkFunctions } from "../networks/functions.ts";
import type { NetworkShape } from "../networks/network.ts";
import type { ObjectiveShape } from "../networks/objective.ts";
import { PRECISION_BITS, type ReducedPrecision } from "../networks/weight-formats.ts";
import type { CompiledGraph } from "../runtime/compile.ts";
import { openNetwork, type OpenNetwork } from "../runtime/open-network.ts";
import { storedOutput } from "../runtime/stored-output.ts";
import { VERSIONS } from "../runtime/versions.ts";
import { type Decoder, openDecoder } from "../text/decoders.ts";
import { embedTokens } from "../text/embedding.ts";
import { fitTexts } from "./fit-texts.ts";
import { checkStates, givenStates, statesOfSpec, targetOfStates } from "./given-states.ts";
import { type FitsRequest, NetworkFits } from "./network-fits.ts";
import { OpenStatesNetwork } from "./open-states-network.ts";
import { openRest } from "./rest-of-network.ts";
import { checkLength, checkPositions, checkVocabulary } from "./target-tokens.ts";
import { embeddingMoments, embeddingStatistics, type EmbeddingStatistics } from "../text/embedding-statistics.ts";
import { tokenizerOf } from "../text/checkpoint-tokenizer.ts";
import { loadTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import { allowedTokens } from "../text/vocabulary.ts";
import type { Experimenter, ExperimentOptions } from "./server.ts";
import { SingleEntryCache } from "../common/single-entry-cache.ts";

interface ExperimentRunnerOptions {
  readonly cacheFolder: string;
  /** Program that generates random weights in threads; without it they are generated in this one. */
  readonly workerPath?: string;
  /** Where the checkpoints lie that come with the program; without it there are none. */
  readonly modelsFolder?: string;
  /** The Hugging Face hub and its cache; without them no hub id is known. */
  readonly hub?: HubSettings;
  /** Told what somebody should know beside the run. */
  readonly warn?: (sentence: string) => void;
  /** Program that tries a device out; without it `auto` means the CPU. */
  readonly trialProgram?: string;
}

export class ExperimentRunner implements Experimenter {
  readonly #options: ExperimentRunnerOptions;
  #tokenizer: Promise<Tokenizer> | undefined;
  readonly #statistics = new SingleEntryCache<EmbeddingStatistics>();
  readonly #network = new SingleEntryCache<OpenNetwork>((network) => network.release());
  readonly #quantisation = new SingleEntryCache<Quantisation>();
  readonly #states = new SingleEntryCache<OpenStatesNetwork>((network) => network.release());
  readonly #rest = new SingleEntryCache<CompiledGraph>((graph) => graph.release());
  readonly #fits = new NetworkFits();
  /** Fits of the last run that can be made better while there is none. */
  #unfinished: FitsRequest | undefined;
  readonly #decoder = new SingleEntryCache<Decoder>((decoder) => decoder.release());

  constructor(options: ExperimentRunnerOptions) {
    this.#options = options;
  }

  /** Carries out one experiment. One at a time. Throws LabErrors; after one of kind "device", `auto` tries out anew. */
  async *run(spec: ExperimentSpec, options: ExperimentOptions): AsyncGenerator<RunEvent> {
    try {
      yield* this.#carryOut(spec, options);
    } catch (error) {
      if (error instanceof LabError && error.kind === "device") await forgetAutomaticDevice(this.#options.cacheFolder);
      throw error;
    }
  }

  /** Makes the tables of first tokens that a run of exact recovery was not made to wait for. Throws LabErrors. */
  async whileIdle(signal: AbortSignal): Promise<void> {
    if (this.#unfinished) await this.#fits.completeFirstTokens(this.#unfinished, signal);
    this.#unfinished = undefined;
  }

  async *#carryOut(
    spec: ExperimentSpec,
    { signal, onProgress, onEmbeddings, now }: ExperimentOptions,
  ): AsyncGenerator<RunEvent> {
    this.#unfinished = undefined;
    const states = await statesOfSpec(spec);
    const options = { ...this.#options, initSeed: spec.initSeed, signal, onProgress };
    // A fully connected net needs the embeddings only.
    const blocks = spec.network === "gpt2" ? spec.blocks : 0;
    const checkpoint = await openCheckpoint(spec.checkpoint, { blocks }, options);
    const tokenizer = await tokenizerOf(checkpoint, await (this.#tokenizer ??= loadTokenizer()));
    const targetIds = states
      ? (targetOfStates(states, spec, tokenizer) ?? new Array<number>(states.length).fill(0))
      : tokenizer.encode(spec.prompt);
    if (states) checkStates(states, spec, checkpoint);
    if (spec.network === "gpt2") checkPositions(spec.positions, checkpoint.config, spec.checkpoint);
    checkLength(targetIds, checkpoint.config.positions);
    checkVocabulary(targetIds, checkpoint.config.vocabulary, spec.checkpoint);

    const given = states && (await givenStates(states, spec));
    const { fingerprint } = checkpoint;
    const statistics = await this.#statistics.open(fingerprint, () => embeddingStatistics(checkpoint, options));
    throwIfCancelled(signal);
    onProgress({ stage: "Opening the network" });
    const { restarts: batch, dtype: type, positions, decoder, topK, vocabulary } = spec;
    const length = targetIds.length;
    const shape: ObjectiveShape = {
      network: networkShape(spec, checkpoint, length),
      batch,
      length,
      type,
      measure: spec,
    };
    const allowed = vocabulary && allowedTokens(vocabulary, tokenizer, checkpoint.config.vocabulary);
    const reading = { decoder, positions, batch, targetIds, topK, ...(allowed && { allowed }) };
    const reader = await this.#decoder.open({ fingerprint, ...reading }, () =>
      openDecoder(checkpoint, statistics, reading),
    );
    const embed = (ids: readonly number[]) => embedTokens(checkpoint, ids, positions, type);
    const { weights: format } = spec;
    let made: Promise<QuantisedCheckpoint> | undefined;
    const quantised = (format: ReducedPrecision) => (made ??= quantise(checkpoint, blocks, format, options));
    const weights = async () =>
      this.#weights(shape.network, format === "stored" ? checkpoint : (await quantised(format)).checkpoint, options);
    const open = async ({ batch, length = shape.length }: NetworkRequest): Promise<OpenNetwork> => {
      const sized = { ...shape, batch, length, network: networkShape(spec, checkpoint, length) };
      return this.#onDevice(spec, onProgress, (device) => {
        const placement = { device, memory: spec.memory };
        const key = { fingerprint, initSeed: spec.initSeed, shape: measuredBy(sized), placement };
        const storedAs = matrixFormat(checkpoint);
        return this.#network.open(key, () => openNetwork({ ...sized, ...placement, storedAs, weights }));
      });
    };
    const precisionError = async (network: NetworkFunctions): Promise<Quantisation> => {
      if (shape.network.kind !== "transformer" || format === "stored")
        throw new TypeError("The weights are as stored.");
      const { network: subnetwork } = shape;
      const key = { fingerprint, targetIds, positions, shape: measuredBy({ ...shape, batch: 1 }) };
      return this.#quantisation.open(key, async () => {
        onProgress({ stage: `Measuring what ${PRECISION_BITS[format]} bits change` });
        const target = embed(targetIds);
        const output = await storedOutput(subnetwork, shape, checkpoint, target);
        return { weightError: (await quantised(format)).error, ...(await quantisationAt(network, target, output)) };
      });
    };
    const openStates = async (signal: AbortSignal): Promise<StatesSetting> =>
      this.#onDevice(spec, onProgress, async (device) => {
        const store = format === "stored" ? checkpoint : (await quantised(format)).checkpoint;
        const { output, blocks, dtype: type, memory } = spec;
        const depths = valuesOf(spec)["everyDepth"] ? Array.from({ length: blocks }, (_, i) => i + 1) : [blocks];
        const taps = depths.map((blocks) => ({ blocks, finalNorm: hasFinalNorm(output) }));
        const key = { fingerprint, initSeed: spec.initSeed, taps, format, type, positions, device, memory };
        const whole = () => openCheckpoint(spec.checkpoint, { blocks: checkpoint.config.blocks }, options);
        const network = await this.#states.open(key, async () => {
          const headGramInverse = async () => {
            const { name, role } = headWeight(checkpoint.config);
            if (role === "tokenEmbedding") return statistics.gramInverse;
            return (await embeddingStatistics(checkpoint, { ...options, weightName: name })).gramInverse;
          };
          const weights = { checkpoint, weights: store, whole, headGramInverse, weightFormat: format };
          return new OpenStatesNetwork({ ...weights, device, memory, taps, type, positions });
        });
        const sizes = fitSizes(checkpoint.config, !spec.checkpoint.startsWith(RANDOM));
        const own = await fitTexts(spec, sizes.length, tokenizer, checkpoint.config.vocabulary);
        const request: FitsRequest = {
          ...{ cacheFolder: this.#options.cacheFolder, network, taps, sizes, onProgress, signal, now },
          ...(own && { texts: own.texts }),
          of: {
            ...{ source: spec.checkpoint, fingerprint, weights: format, dtype: type, device, positions },
            ...(own && { texts: own.digest }),
          },
        };
        if (sizes.single !== "all") this.#unfinished = request;
        const fit = this.#fits.of(request);
        const rest: StatesSetting["rest"] = {
          through: async (found, from) => {
            if (output !== "block") return found;
            const shape = { from, length, type };
            const key = { fingerprint, initSeed: spec.initSeed, shape };
            const graph = await this.#rest.open(key, async () => openRest(await whole(), shape));
            return (await graph.run({ states: found }, ["last"])).last;
          },
          logits: async (rows) => (hasHead(output) ? rows : network.logits(rows)),
        };
        return { device, network, fit, rest, ...(hasHead(output) && { head: network }) };
      });
    yield* methodOf(spec).run(
      spec,
      {
        open,
        openStates,
        decoder: reader,
        targetIds,
        ...(given && { givenStates: given }),
        embed,
        moments: embeddingMoments(checkpoint, statistics, positions, length),
        text: tokenizer,
        provenance: {
          checkpoint: {
            source: checkpoint.source,
            ...(checkpoint.revision !== undefined && { revision: checkpoint.revision }),
            fingerprint,
            ...(checkpoint.ownHead && { ownHead: true }),
          },
          versions: VERSIONS,
        },
        ...(shape.network.kind === "transformer" && format !== "stored" && { precisionError }),
        onProgress,
        ...(onEmbeddings && { onEmbeddings }),
        now,
      },
      signal,
    );
  }

  /**
   * Opens a network on the device that the spec asks for. `auto` takes the CPU for what the device it means cannot do or
   * cannot hold. Throws a LabError when a device was asked for by its name and is not to be had.
   */
  async #onDevice<Network>(
    spec: ExperimentSpec,
    onProgress: OnProgress,
    open: (device: DeviceName) => Promise<Network>,
  ): Promise<Network> {
    const { device: asked } = spec;
    const { trialProgram, cacheFolder } = this.#options;
    if (asked !== "auto") {
      checkDevice(asked, spec);
      if (trialProgram) await prepareDevice(asked, { ...this.#options, trialProgram });
      return open(asked);
    }
    const onTrial = (label: string) => onProgress({ stage: `Trying ${label}` });
    const device = trialProgram ? await automaticDevice({ cacheFolder, trialProgram, onTrial }) : "cpu";
    if (device !== "cpu" && cannotCompute(device, spec) === undefined) {
      onProgress({ stage: `Opening the network on ${deviceNamed(device).label}` });
      try {
        return await open(device);
      } catch (error) {
        if (!(error instanceof LabError) || !["memory", "device", "badInput"].includes(error.kind)) throw error;
        if (error.kind === "device") await forgetAutomaticDevice(cacheFolder);
        onProgress({ stage: `Opening the network on the processor instead (${error.message})` });
      }
    }
    return open("cpu");
  }

  /** The network's own weights: the checkpoint's, or random ones of a fully connected net. */
  async #weights(
    network: NetworkShape,
    checkpoint: Checkpoint,
    options: WritingOptions & { readonly initSeed: number },
  ): Promise<WeightStore> {
    if (network.kind === "transformer") return checkpoint;
    return openFullyConnected(network, options.initSeed, this.#options.cacheFolder, options);
  }
}

/** Throws a LabError (device, badInput) for a device that this platform lacks, or that lacks the number format. */
function checkDevice(device: DeviceName, spec: ExperimentSpec): void {
  if (!devicesOf(process).includes(device)) {
    throw new LabError("device", `The device ${device} is not here: ${whereDeviceExists(device)}`);
  }
  const reason = cannotCompute(device, spec);
  if (reason) throw new LabError("badInput", reason);
}

/** Why a device cannot carry out the spec; undefined when it can. */
function cannotCompute(device: DeviceName, { dtype, weights }: ExperimentSpec): string | undefined {
  const { types, isCard } = deviceNamed(device);
  if (!types.includes(dtype)) {
    return `The device ${device} does not compute in ${dtype}: use float32, or the device cpu.`;
  }
  return isCard && weights === "int8"
    ? `The device ${device} does not compute with 8-bit weights: use the stored ones, or the device cpu.`
    : undefined;
}

function networkShape(spec: ExperimentSpec, { config }: Checkpoint, length: number): NetworkShape {
  if (spec.network !== "gpt2") return { kind: spec.network, length, width: config.width };
  const { blocks, output, weights: weightFormat } = spec;
  return { kind: "transformer", config, blocks, output, weightFormat };
}

/** Multiplications that nobody has to wait for: about ten seconds. */
const AFFORDABLE = 2e11;

/** What a network is fitted on: an untrained one has no texts of its own. */
function fitSizes(config: NetworkConfig, isTrained: boolean): FitSizes {
  const length = Math.min(20, config.positions);
  const weights = parameterCount(blockWeights(config, 0)) * config.blocks;
  const single = config.vocabulary * weights <= AFFORDABLE ? "all" : Math.min(4096, config.vocabulary);
  return isTrained ? { random: 10_000, sampled: 10_000, single, length } : { random: 8000, sampled: 0, single, length };
}

/** The shape with no more of the spec than decides what the graph is. */
function measuredBy({ measure, ...shape }: ObjectiveShape): ObjectiveShape {
  const { metric, reduction, fromPosition, channels } = measure;
  return { ...shape, measure: { metric, reduction, fromPosition, ...(channels !== undefined && { channels }) } };
}
