/**
 * Where a request comes from, and how the origin is told (X-Forwarded-*, RFC 7239). From a peer that is not a trusted
 * proxy nothing is believed: the engine then writes the fields anew. From a trusted one, what came is kept and extended.
 */

import type { CommandWriter } from '../engine/command-writer.ts';
import { editOp, headFlag } from '../engine/contract.ts';
import { type HeadView, knownId } from '../engine/head-view.ts';
import { addressBytes, formatIp, isMappedIPv4, type NetworkSet, parseIp } from '../lib/ip.ts';
import { limits } from '../lib/limits.ts';
import { splitList } from '../lib/list.ts';

const forwardedForId = knownId('x-forwarded-for');
const forwardedProtoId = knownId('x-forwarded-proto');
const forwardedHostId = knownId('x-forwarded-host');
const forwardedId = knownId('forwarded');

const bracketed = /^\[([^\]]*)\](?::\d+)?$/;
const withPort = /^([0-9.]+)(?::\d+)?$/;

/** The IP literal of a node as the fields write it, without brackets, port and quotes; undefined where it is none. */
export function nodeAddress(text: string): string | undefined {
  const node = text.trim().replaceAll('"', '');
  const match = bracketed.exec(node) ?? withPort.exec(node);
  const literal = match === null ? node : match[1]!;
  return parseIp(literal, scratch) ? literal : undefined;
}
const scratch = new Uint8Array(addressBytes);

/** The `for` nodes of Forwarded, in order; '' for an element without one. */
export function forwardedNodes(text: string): string[] {
  return splitList(text).map((element) => /(?:^|;)\s*for\s*=\s*("[^"]*"|[^;,\s]*)/i.exec(element)?.[1] ?? '');
}

/**
 * Finds the client behind trusted proxies: from the nearest node back to the first that is not trusted. X-Forwarded-For
 * counts where there is one, else Forwarded. A node that is no address ends the search at the one before it.
 *
 * @param into receives the 16 bytes of the address
 * @returns whether it is another address than the peer's own
 */
export function resolveClient(request: HeadView, trusted: NetworkSet, into: Uint8Array): boolean {
  const forwardedFor = request.joinedText(forwardedForId);
  const nodes = forwardedFor?.split(',') ?? forwardedNodes(request.joinedText(forwardedId) ?? '');
  let found = false;
  const last = Math.max(0, nodes.length - limits.forwardedHopsMax);
  for (let index = nodes.length - 1; index >= last; index -= 1) {
    const literal = nodeAddress(nodes[index]!);
    if (literal === undefined) break;
    parseIp(literal, into);
    found = true;
    if (!trusted.has(into, 0)) break;
  }
  return found;
}

/** Node of an address for Forwarded: an IPv6 address is bracketed and quoted (RFC 7239 6). */
function forwardedNode(bytes: Uint8Array, offset: number): string {
  const text = formatIp(bytes, offset);
  return isMappedIPv4(bytes, offset) ? text : `"[${text}]"`;
}

/** Characters that a token allows (RFC 9110 5.6.2); anything else is quoted. */
function hostValue(host: string): string {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(host) ? host : `"${host.replaceAll(/["\\]/g, '')}"`;
}

/** `host` and `proto` of an element of Forwarded, as they follow something else in it. */
function siteParts(host: string, protocol: string): string {
  return `${host === '' ? '' : `;host=${hostValue(host)}`};proto=${protocol}`;
}

function hostOf(request: HeadView): string {
  return (request.flags & headFlag.hasHost) === 0 ? '' : request.authorityText;
}

/**
 * Writes the fields of a request that is made for no client. Its answer is served to all, so the origin has to know the
 * scheme and the host that they ask by: else an origin that redirects to https would answer with that.
 */
export function writeSite(writer: CommandWriter, request: HeadView, isTls: boolean): void {
  const protocol = isTls ? 'https' : 'http';
  const host = hostOf(request);
  writer.editText(editOp.set, forwardedProtoId, protocol);
  if (host !== '') writer.editText(editOp.set, forwardedHostId, host);
  writer.editText(editOp.set, forwardedId, siteParts(host, protocol).slice(1));
}

/** Writes the fields of a request from a trusted proxy: its own, extended by the proxy's address. */
export function writeForwarding(
  writer: CommandWriter,
  request: HeadView,
  peerOffset: number,
  isTls: boolean,
): void {
  const { bytes } = writer.arena;
  const peer = formatIp(bytes, peerOffset);
  const before = request.joinedText(forwardedForId);
  writer.editText(editOp.set, forwardedForId, before === undefined ? peer : `${before}, ${peer}`);
  const protocol = isTls ? 'https' : 'http';
  if (!request.has(forwardedProtoId)) writer.editText(editOp.set, forwardedProtoId, protocol);
  const host = hostOf(request);
  if (host !== '' && !request.has(forwardedHostId)) writer.editText(editOp.set, forwardedHostId, host);
  const element = `for=${forwardedNode(bytes, peerOffset)}${siteParts(host, protocol)}`;
  const elements = request.joinedText(forwardedId);
  writer.editText(editOp.set, forwardedId, elements === undefined ? element : `${elements}, ${element}`);
}
