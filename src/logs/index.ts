/** The log path for the shipper: rings, programs, sinks. */

import type { JobConfig } from './config.ts';
import { compileProgram, type Program } from './encode/compile.ts';
import { fieldsOf } from './record/config.ts';
import { datasetFields } from './record/dataset.ts';
import { FileSink } from './sinks/file/index.ts';
import { HttpSink } from './sinks/http/index.ts';
import type { Sink, SinkPorts } from './sinks/sink.ts';

export type { Program } from './encode/compile.ts';
export { type Encoding, FrameEncoder, frameLengthAt, type Run, sampleAll } from './encode/frames.ts';
export { encodeLossLine, type Loss } from './encode/loss.ts';
export { datasetFields } from './record/dataset.ts';
export { RecordReader } from './record/reader.ts';
export { schemaHash } from './record/schema.ts';
export { ringFilePrefix, ringFileSuffix, ringTemporarySuffix } from './ring/layout.ts';
export { Ring, type Taken } from './ring/reader.ts';
export type { Batch, Done, Sink, SinkFailure, SinkPorts } from './sinks/sink.ts';
export { type Block, type Checksum, unitsOf } from './spool/block.ts';
export { isPassing, type SpoolFiles } from './spool/files.ts';
export {
  type BlockKind,
  blockHeaderBytes,
  blockKind,
  formatSuffix,
  spoolTemporarySuffix,
  statePrefix,
  stateSuffix,
} from './spool/layout.ts';
export type { Position } from './spool/position.ts';
export { SegmentReader } from './spool/segment-reader.ts';
export { Spool, type SpoolFailure, type SpoolLimits, type SpoolPorts } from './spool/spool.ts';
export { readWhole, replaceFile, StateFile } from './spool/state-file.ts';

/** The program of a job's lines. The config has been checked: every name is a field. */
export function programOf({ dataset, output }: Pick<JobConfig, 'dataset' | 'output'>): Program {
  const { id, defaults } = datasetFields[dataset];
  const fields = fieldsOf(dataset, output);
  const names = output.field_names ?? defaults;
  const chosen = names.flatMap((name) => fields.get(name) ?? []);
  return compileProgram(id, chosen, output.timestamp_format);
}

export function sinkOf({ destination }: JobConfig, ports: SinkPorts): Sink {
  return destination.type === 'file' ? new FileSink(destination, ports) : new HttpSink(destination, ports);
}
