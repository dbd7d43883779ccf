/** What a job loses when the spool removes what it still needed. */
import type { RingBinding } from '../engine/native/ring-binding.ts';
import {
  type Block,
  blockHeaderBytes,
  FrameEncoder,
  type Loss,
  type Position,
  type SegmentReader,
  type Spool,
  unitsOf,
} from '../logs/index.ts';
import { addLoss, lossOfUnknown, lossReason } from './losses.ts';

export interface LossPorts {
  binding: RingBinding;
  spool: Spool;
  reader: SegmentReader;
  /** Milliseconds since 1970. */
  wallMs(): number;
}

/** The records between two positions, by the ring that they were in; headers alone are read. */
export function lossesBetween(from: Position, to: Position, ports: LossPorts): Loss[] {
  const found: Loss[] = [];
  let at = from;
  while (at.record < to.record) {
    const block = ports.spool.readHeader(at, ports.reader);
    if (block === null || block.first > to.record) break;
    const { firstMs: sinceMs, lastMs: untilMs, workerIndex } = block;
    const isPart = at.skip > 0 && block.offset === at.offset;
    const { firstSequence, lastSequence, records, lost } = isPart ? countRest(block, at, ports) : block;
    const rest = { firstSequence, lastSequence, records: records + lost, sinceMs, untilMs, workerIndex };
    if (rest.records > 0) addLoss(found, { ...rest, reason: lossReason.behind });
    const offset = block.offset + blockHeaderBytes + block.bodyBytes;
    at = { segment: block.segment, offset, skip: 0, record: block.first + unitsOf(block) };
  }
  const known = found.reduce((sum, loss) => sum + loss.records, 0);
  const unknown = to.record - from.record - known;
  if (unknown > 0) addLoss(found, lossOfUnknown(unknown, lossReason.behind, ports.wallMs()));
  return found;
}

function countRest(header: Block, at: Position, { binding, spool, reader }: LossPorts) {
  let block: Block | null = null;
  try {
    block = spool.read(at, reader);
  } catch {
    // The numbers tell how many they are.
  }
  if (block === null || block.offset !== header.offset) return { ...header, records: 0, lost: 0 };
  const body = block.at + blockHeaderBytes;
  const run = { bytes: block.bytes, from: body + at.skip, to: body + block.bodyBytes };
  return new FrameEncoder(binding).count(run);
}
