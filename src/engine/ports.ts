/**
 * What the policy calls in the engine while it decides: a few synchronous questions to the store. The native binding
 * fits behind it, and so does the engine of the tests.
 */
export interface EnginePorts {
  /**
   * Looks up a key that lies in the arena. Returns a `storeState`; the reply region then holds the words from
   * `eventWord.storeState` to `eventWord.objectBodyHigh`, in that order.
   */
  lookup: (keyOffset: number, keyLength: number) => number;
  /**
   * Arena offset of the stored head (a response head table) in the reply region; for a marker, of the bytes that it was
   * put with. 0 where the object is gone.
   */
  readStoredHead: (object: number, generation: number) => number;
  /**
   * Stores a marker under a key, with bytes to be read back. Returns its generation, which stays the same where the same
   * marker with the same bytes is there already.
   */
  putMarker: (
    keyOffset: number,
    keyLength: number,
    objectFlags: number,
    freshUntil: number,
    bodyOffset: number,
    bodyLength: number,
  ) => number;
  /** Removes what is stored under a key, its variants included; `soft` leaves it stale. Returns how many. */
  purge: (keyOffset: number, keyLength: number, soft: boolean) => number;
}
