/** What the parser makes of a text: names not looked up, literals not read, since what they mean depends on types. */

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A literal: `text` holds the bytes of a string, or the characters of an unquoted one as they stand. */
export interface Literal extends Span {
  readonly kind: 'quoted' | 'bare';
  readonly text: string;
}

export type Step = Span &
  (
    | { readonly kind: 'each' }
    | { readonly kind: 'at'; readonly at: number }
    | { readonly kind: 'key'; readonly key: string }
  );

export type LogicOp = 'or' | 'xor' | 'and';
export type CompareOp =
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'contains'
  | 'wildcard'
  | 'strict wildcard'
  | 'matches'
  | 'in'
  | 'bitwise_and';

export type Right =
  | { readonly kind: 'literal'; readonly literal: Literal }
  | (Span & { readonly kind: 'set'; readonly items: readonly Literal[] })
  | (Span & { readonly kind: 'list'; readonly name: string });

export type Base =
  | (Span & { readonly kind: 'field'; readonly name: string })
  | (Span & {
      readonly kind: 'call';
      readonly name: string;
      readonly nameTo: number;
      readonly args: readonly Node[];
    });

export type Node = Span &
  (
    | { readonly kind: 'logic'; readonly op: LogicOp; readonly items: readonly Node[] }
    | { readonly kind: 'not'; readonly item: Node }
    | { readonly kind: 'index'; readonly base: Base; readonly steps: readonly Step[] }
    | {
        readonly kind: 'compare';
        readonly left: IndexNode;
        readonly op: CompareOp;
        readonly opSpan: Span;
        readonly right: Right;
      }
    | { readonly kind: 'literal'; readonly literal: Literal }
  );
export type IndexNode = Extract<Node, { kind: 'index' }>;

/** Why a text is no expression; caught at the door of the compiler. */
export class Fault extends Error {
  readonly from: number;
  readonly to: number;
  readonly hint: string | undefined;

  constructor(span: Span, message: string, hint?: string) {
    super(message);
    this.from = span.from;
    this.to = span.to;
    this.hint = hint;
  }
}

/** Limits of an expression: nesting and length as they are in the product. */
export const nestingMax = 128;
export const charactersMax = 4096;
