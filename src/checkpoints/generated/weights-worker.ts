// The thread that fills files with random weights: a piece comes in, its result goes out.

import { parentPort } from "node:worker_threads";
import { answerPiece, type Piece } from "./random-weights.ts";

parentPort?.on("message", (piece: Piece) => parentPort?.postMessage(answerPiece(piece)));
