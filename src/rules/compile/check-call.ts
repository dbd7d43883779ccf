/** Calls: the function, its arguments, and what comes out. */
import type { FieldType } from '../protocol.ts';
import { type FunctionRow, functions, type Parameter } from '../scheme/functions.ts';
import { arrayOf, isArray, nameOf } from '../scheme/types.ts';
import { type Base, Fault, type Node } from './ast.ts';
import { unknownFunction } from './scheme.ts';
import type { Typed } from './typed.ts';

type Call = Extract<Base, { kind: 'call' }>;

/** An argument; `typed` is undefined for an unquoted literal, which no function takes so far. */
interface Argument {
  readonly node: Node;
  readonly typed: Typed | undefined;
}

export function checkCall(call: Call, check: (node: Node) => Argument): Typed {
  const row = Object.hasOwn(functions, call.name) ? functions[call.name] : undefined;
  if (row === undefined) throw unknownFunction({ from: call.from, to: call.nameTo }, call.name);
  checkCount(call, row);
  const args = call.args.map((node, index) => checkArgument(call, row, index, check(node)));
  if (row.isVariadic) checkSame(call, args);
  const isMapped = args[0]!.isLane;
  const type = row.result === 'first' ? args[0]!.type : row.result;
  if (isMapped && isArray(type))
    throw new Fault(call, `${call.name}() of each element would be an array of arrays`);
  return {
    op: 'call',
    type: isMapped ? arrayOf(type) : type,
    isLane: false,
    name: call.name,
    args,
    isMapped,
  };
}

function checkCount(call: Call, row: FunctionRow): void {
  const count = call.args.length;
  const wanted = row.parameters.length;
  const isRight = row.isVariadic ? count >= wanted : count === wanted;
  if (isRight) return;
  const least = row.isVariadic ? `at least ${wanted}` : String(wanted);
  throw new Fault(call, `${call.name}() takes ${least} argument${wanted === 1 ? '' : 's'}, found ${count}`);
}

function checkArgument(call: Call, row: FunctionRow, index: number, { node, typed }: Argument): Typed {
  const parameter = row.parameters[Math.min(index, row.parameters.length - 1)]!;
  const where = `argument ${index + 1} of ${call.name}()`;
  if (typed === undefined) throw new Fault(node, `${where} is ${wanted(parameter)}, found an unquoted value`);
  if (!parameter.types.includes(typed.type)) {
    throw new Fault(node, `${where} is ${wanted(parameter)}, found ${nameOf(typed.type)}`);
  }
  if (typed.isLane && index > 0)
    throw new Fault(node, `only the first argument of ${call.name}() may have [*]`);
  if (parameter.literal === 'only' && node.kind !== 'literal')
    throw new Fault(node, `${where} is a string in quotes`);
  if (parameter.literal === 'never' && node.kind === 'literal') {
    throw new Fault(node, `${where} is a field or a call, not a literal`, `${call.name}(field, "value")`);
  }
  return typed;
}

function wanted(parameter: Parameter): string {
  if (parameter.literal === 'only') return 'a string in quotes';
  const [first = 'Bytes', ...rest] = parameter.types;
  return rest.length === 0 ? `a ${nameOf(first)}` : `a ${nameOf(first)} or an array`;
}

function checkSame(call: Call, args: readonly Typed[]): void {
  const type: FieldType = args[0]!.type;
  const other = args.findIndex((one) => one.type !== type);
  if (other === -1) return;
  throw new Fault(
    call.args[other]!,
    `the arguments of ${call.name}() are of one type: ${nameOf(type)}, found ${nameOf(args[other]!.type)}`,
  );
}
