// The process-wide store of responses: what the engine calls.
//
// What always holds:
//  - Everything lives in one mapped region of `bytes_max`: bodies, heads, keys, entries, index, ghosts, fill records. The
//    region is the budget, so no accounting error can exceed it. Inside it there are only 32-bit numbers, no pointers.
//  - An entry is freed when its last pin goes. The index owns one pin, each look-up result, reader and fill another.
//    Purge, replacement and eviction unlink at once; bytes stay valid under a pin.
//  - Keys are compared whole. The hash is the caller's, keyed with a secret (SipHash-1-3), equal hashes are harmless.
//  - No lock is held across a system call or across `notify`, and each survives the death of its holder.
//  - Time is an argument: seconds since 1970.
//  - A hit takes one shard lock, allocates nothing, and copies what it tells out of the entry.
//
// Threads: every call may be made from any thread. `worker` names the caller (0 to workers_max - 1; `no_worker` for the control
// thread); a worker index is used by one thread at a time. A Reader and a FillRef belong to one thread.
//
// What the engine must do when a worker ends: close its readers, unpin its refs, then call `worker_died`, which aborts the fills
// it led and answers how many of its pins are left (0, or the engine has leaked).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/siphash.h"

namespace parapet::store {

using Bytes = std::span<const std::uint8_t>;

inline constexpr std::uint32_t no_worker = 0xffff'ffff;
inline constexpr std::uint64_t unknown_length = ~std::uint64_t{0};
inline constexpr std::uint32_t workers_limit = 256;
inline constexpr std::size_t key_bytes_limit = 32 * 1024;
inline constexpr std::size_t head_bytes_limit = 256 * 1024;
// Tags of one response that are kept; one with more counts as carrying every tag.
inline constexpr std::size_t tags_limit = 1024;
inline constexpr std::size_t tag_bytes_limit = 1024;
inline constexpr std::uint32_t any_zone = 0xffff'ffff;
inline constexpr std::uint32_t epoch_now = 0xffff'ffff;

// Something happened to the entry (index, generation) that `worker` waits for: bytes, the head, the end, or (for the worker that
// leads the fill) room to write. Called without locks, from any thread; it must not call the store. May come more often
// than needed, never less often: after it, ask `Reader::next`, `follow_state` or `writable` again.
using Notify = void (*)(void* context, std::uint32_t worker, std::uint32_t index, std::uint32_t generation);

struct Config {
  std::uint64_t bytes_max = 256u << 20;        // at least `bytes_least`, at most 512 GiB
  std::uint64_t object_bytes_max = 64u << 20;  // a longer response is not kept, see `windowed`
  std::uint32_t window_bytes = 1u << 20;       // what a windowed fill may keep for its slowest reader
  std::uint32_t workers_max = 64;              // at most `workers_limit`
  std::uint32_t fills_max = 0;                 // fills under way at a time; 0: one per 64 KiB of bytes_max, 256 to 65536
  std::uint32_t unlinked_percent_max = 25;     // share of bytes_max that pinned, unlinked bytes may take before fills are refused
  HashKey secret;                              // of the hashes of purged groups and tags
  Notify notify = nullptr;
  void* notify_context = nullptr;
};
inline constexpr std::uint64_t bytes_least = 1u << 20;

// An entry and the generation it had. Generations are drawn from one counter of the store, so a generation alone names a
// marker in a secondary key.
struct ObjectRef {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  explicit operator bool() const { return index != 0; }
  bool operator==(const ObjectRef&) const = default;
};

struct FillRef {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  explicit operator bool() const { return index != 0; }
  bool operator==(const FillRef&) const = default;
};

// What the policy says about a response and gets back with every hit. `flags` are contract `object_flag`; the store itself reads
// vary_marker and pass_marker only.
struct ObjectMeta {
  std::uint32_t stored_at = 0;
  std::uint32_t fresh_until = 0;
  std::uint32_t stale_while_revalidate_until = 0;
  std::uint32_t stale_if_error_until = 0;
  std::uint32_t flags = 0;
  std::uint32_t age_at_store = 0;
  std::uint16_t status = 0;
};

// A pinned object. The spans are valid while the pin is held.
struct ObjectView {
  ObjectMeta meta;
  bool complete = false;        // false: still filling, read it through the reader that `begin_fill` opened
  std::uint64_t body_length = 0;  // `unknown_length` while it fills without a Content-Length
  Bytes key;
  Bytes head;                   // opaque to the store
  Bytes body;                   // complete: the first contiguous part of the body (all of it where body.size() == body_length)
};

// Same values as contract `store_state`.
enum class LookupState : std::uint32_t { miss = 1, object = 2, filling = 3, varies = 4, pass = 5 };

struct LookupResult {
  LookupState state = LookupState::miss;
  bool filling = false;  // with `object` and `varies`: a fill under the same key is under way (one background fetch is enough)
  ObjectRef ref;         // `object`, `varies`: PINNED, to be given to `unpin` or `Store::open_reader`; else none
  ObjectView view;       // `object`, `varies`
};

enum class ReadState : std::uint8_t {
  data,     // there is something to send
  wait,     // nothing yet: the worker has been armed and gets `notify`
  end,      // all of it (or of the range) has been read
  aborted,  // the fill failed after its head: end the response as truncated
};

class Store;

// A cursor over one body. Owns a pin; opened by `Store::open_reader` or `Store::begin_fill`, closed by `close` (or destruction).
// The bytes it shows stay valid until the next `advance`, `range` or `close`.
class Reader {
 public:
  Reader() = default;
  ~Reader() { close(); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  bool is_open() const { return store_ != nullptr; }
  ObjectRef object() const { return ref_; }
  // Restrict to positions first to last inclusive of the body. Only forward: before anything behind `first` was consumed.
  // While filling it skips what comes before `first` as it arrives (call `next` to make it move).
  void range(std::uint64_t first, std::uint64_t last);
  // The contiguous bytes at the cursor.
  ReadState next(Bytes& out);
  // Up to out.size() contiguous pieces from the cursor on, for a gathered write; `count` says how many. The state is `data` if count > 0.
  ReadState gather(std::span<Bytes> out, std::size_t& count);
  // n bytes were consumed; at most what the last `next` or `gather` showed.
  void advance(std::uint64_t n);
  // Position in the body of the next byte.
  std::uint64_t position() const { return position_; }
  void close();

 private:
  friend struct Inside;
  friend class Store;
  Store* store_ = nullptr;
  ObjectRef ref_;
  std::uint32_t worker_ = 0;
  std::uint32_t chunk_ = 0;   // granule of the chunk under the cursor, 0 before the first
  std::uint32_t offset_ = 0;  // bytes of its payload that lie behind the cursor
  std::uint32_t fill_ = 0;    // fill record that this reader holds, 0 if the object was complete
  std::uint64_t position_ = 0;
  std::uint64_t skip_ = 0;  // bytes that still lie between the cursor and position_
  std::uint64_t end_ = unknown_length;  // first position not wanted
  bool walks_ = false;        // holds a count on each chunk it stands on (the object was filling when opened)
  bool started_ = false;
  bool lost_ = false;  // came too late: nothing but `aborted`
  std::uint32_t joined_ = 0;  // the store's epoch then

  bool start();
  bool settle(std::uint32_t& available);
  bool step();
  void leave_fill();
};

struct FillRequest {
  std::uint64_t hash = 0;
  Bytes key;
  std::uint32_t worker = 0;
  std::uint64_t leader_tag = 0;  // the engine's own name for the leading exchange
  std::uint32_t now = 0;
  ObjectRef seen;                // what the caller's look-up gave (none after a miss): anything newer and fresh is answered instead
  std::uint32_t asked = epoch_now;  // `Store::epoch` when the origin was asked, where that was earlier: a purge since counts
  bool is_storable = false;      // a response is here, and may be stored: it takes the place of a hit-for-miss marker
  // Where this has risen above that by the time the fill begins, the URL was invalidated since: served to those present, not kept.
  // Whoever invalidates raises it before the call of `purge`.
  const std::atomic<std::uint64_t>* invalidated = nullptr;
  std::uint64_t asked_invalidations = 0;
};

enum class FillKind : std::uint8_t {
  leader,    // the caller fetches; `fill` and `object` are set; the reader, if given, reads the fill
  follower,  // another one fetches; `object` is set; the reader, if given, is open: ask `follow_state`
  object,    // meanwhile stored and fresh: `object` is PINNED (give it to open_reader or unpin); the reader stays closed
  varies,    // meanwhile a vary marker stands under the key: `object` is PINNED
  pass,      // fetch alone: hit-for-miss marker, or the store refuses (no memory, no fill record)
};
struct FillResult {
  FillKind kind = FillKind::pass;
  FillRef fill;
  ObjectRef object;
};

enum class FollowState : std::uint8_t {
  waiting,   // no head yet: the worker has been armed and gets `notify`
  head,      // `view(reader.object())` tells; also after a refresh: the reader then stands on the refreshed, complete object
  released,  // not for sharing: fetch alone
  elsewhere, // the origin has answered, but not for this key (variants, slices, another version): look again
  failed,    // the leader failed before a head, or wants everybody to look again: begin_fill again (one of them leads)
  purged,    // its origin was asked before a purge, and this reader came after it: begin_fill again; the head is there all the same
};

enum class HeadState : std::uint8_t {
  ok,
  windowed,  // known to be longer than object_bytes_max: nobody can join any more, readers go on through the window
  refused,   // no memory: abort(released) and pass the response through without the store
};

enum class WriteState : std::uint8_t {
  ready,       // receive into the span, then `commit`
  wait,        // windowed and the slowest reader is behind, or a moment's lack of memory: leader's worker gets `notify`
  no_readers,  // windowed and nobody reads: abort
  refused,     // no memory at all: abort(failed_after_head)
};

enum class AbortCause : std::uint8_t {
  released,            // not storable: followers fetch alone
  elsewhere,           // answered, but that does not stand under this key: followers look again
  failed_before_head,  // followers begin again, one of them leads
  failed_after_head,   // followers see `aborted`
};

// A tag, in lower case, as a keyed hash.
using TagHash = std::uint64_t;
TagHash hash_of_tag(const HashKey& secret, Bytes tag);
// Tags of a response; `is_all`: more than `tags_limit`.
struct Tags {
  std::span<const TagHash> hashes;
  bool is_all = false;
};

// What a purge of a group names.
enum class Group : std::uint8_t {
  zone,    // nothing more
  host,    // a host in lower case, without port: all schemes and ports
  prefix,  // host, then path segments: `host/a/b` is /a/b, /a/b?q, /a/b/ and all below, not /a/bc
  tag,
};

struct Stats {
  std::uint64_t bytes_max = 0;
  std::uint64_t bytes_used = 0;      // all of the following
  std::uint64_t bytes_objects = 0;   // chunks of objects and fills: bodies, heads, keys, with rounding
  std::uint64_t bytes_entries = 0;
  std::uint64_t bytes_index = 0;     // slots and ghosts
  std::uint64_t bytes_fixed = 0;     // locks, directories, fill records
  std::uint64_t bytes_unlinked = 0;  // of bytes_objects: pinned, but no longer in the index
  std::uint64_t objects = 0;         // linked: objects and markers
  std::uint64_t fills_active = 0;
  std::uint64_t pins = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t fills = 0;           // begun
  std::uint64_t stored = 0;          // completed and kept
  std::uint64_t collapsed = 0;       // followers
  std::uint64_t windowed = 0;
  std::uint64_t refused = 0;
  std::uint64_t evictions = 0;
  std::uint64_t bytes_evicted = 0;
  std::uint64_t purges = 0;
  std::uint64_t purges_forgotten = 0;  // groups that the table had no more room for
  std::uint64_t recovered = 0;       // locks whose holder had died
};

struct Root;

class Store {
 public:
  // The process-wide store: the first call makes it, later ones count up and give the same one (their config is not read).
  // nullptr when the region cannot be mapped or the config is out of range.
  static Store* open(const Config& config);
  static Store* current();
  // Counts down; the last one unmaps. Nothing may be pinned then.
  static void close();

  // A store of one's own (tests, benchmarks). nullptr as for `open`.
  static Store* create(const Config& config);
  static void destroy(Store* store);

  // ---- the hit path
  LookupResult lookup(std::uint32_t worker, std::uint64_t hash, Bytes key, std::uint32_t now);
  void unpin(std::uint32_t worker, ObjectRef ref);
  // Pins an entry again by handle, if it still exists as it was (linked or pinned by anyone); false otherwise.
  bool pin(std::uint32_t worker, ObjectRef ref);
  // The values of a PINNED entry. False before the head of a fill is there.
  bool view(ObjectRef ref, ObjectView& out) const;
  // Opens a closed reader on a PINNED object and takes the pin over. The object should be complete; one that still fills is
  // joined if its start is still there, else the reader answers `aborted`.
  void open_reader(std::uint32_t worker, ObjectRef ref, Reader& reader);

  // ---- fills
  FillResult begin_fill(const FillRequest& request, Reader* reader);
  FollowState follow_state(Reader& reader);
  // body_length: the Content-Length, or `unknown_length`. Once per fill.
  HeadState set_head(FillRef fill, Bytes head, const ObjectMeta& meta, std::uint64_t body_length, const Tags& tags = {});
  // Room for at least one byte. Never more than a known body_length still lacks.
  WriteState writable(FillRef fill, std::span<std::uint8_t>& out);
  void commit(FillRef fill, std::size_t n);
  // The response ended well. Stores it under its key, in place of what was there, unless a purge came between. The FillRef is
  // gone after. True if kept. A body shorter than the known body_length is an abort(failed_after_head).
  bool complete(FillRef fill);
  // The FillRef is gone after.
  void abort(FillRef fill, AbortCause cause);
  std::uint64_t leader_tag(FillRef fill) const;
  ObjectRef object_of(FillRef fill) const;
  bool is_windowed(FillRef fill) const;
  // Whether anybody reads the fill at this moment.
  bool is_read(FillRef fill) const;
  // False where a purge, or an error, has taken it out of the index meanwhile.
  bool is_kept(FillRef fill) const;

  // ---- 304
  // A new version of the PINNED object `old`, with the same body, in its place under the key. `fill` is the revalidating fill that the
  // caller leads, or none: it ends, and its followers get the new version. Gives the new version PINNED; none when
  // there is no memory (the fill is then aborted as failed_before_head). If `old` was purged meanwhile the
  // new version is not in the index, but can be served. `tags`: nullptr for those of `old`. `asked`: as in FillRequest.
  ObjectRef refresh(std::uint32_t worker, ObjectRef old, FillRef fill, Bytes head, const ObjectMeta& meta, const Tags* tags = nullptr,
                    std::uint32_t asked = epoch_now);

  // ---- markers
  // An entry without body in place of what stands under the key. meta.flags has vary_marker or pass_marker; it stands until fresh_until.
  // An equal vary marker that stands already is kept, with its generation, and gets the new fresh_until. Not pinned; none
  // without memory, or when its time is over.
  ObjectRef put_marker(std::uint64_t hash, Bytes key, Bytes head, const ObjectMeta& meta, std::uint32_t now);

  // ---- purge: removes, or with `soft` makes stale (its stale-while-revalidate and stale-if-error then count from its next use).
  // A fill under way is served to those present but not kept. Effective for every look-up that begins later.

  // What stands under one key. A vary marker that is removed takes all variants with it; soft, it is left. Gives how many things it
  // hit (object, fill).
  std::uint32_t purge(std::uint64_t hash, Bytes key, bool soft);
  // What stands under the key of a URL, and all whose keys extend it (variants, request fields, parts). Gives what it hit under the
  // key itself. Nothing, as the next (false): the epochs are used up (2^32 purges), and nothing was done.
  std::optional<std::uint32_t> purge_url(std::uint64_t hash, Bytes key, bool soft);
  // A group, in constant time. `text` as `Group` says; `zone` is the u32 that keys begin with, for tags `any_zone` too.
  bool purge_group(Group group, std::uint32_t zone, Bytes text, bool soft);
  // Everything, in constant time. Gives how many objects and markers there were.
  std::optional<std::uint64_t> purge_all(bool soft);
  // Counts purges: see `FillRequest::asked`.
  std::uint32_t epoch() const;

  // ---- the rest
  // Aborts the fills which that worker leads. Gives the number of pins that it still holds.
  std::uint64_t worker_died(std::uint32_t worker);
  Stats stats() const;

 private:
  friend class Reader;
  friend struct Inside;
  Store() = default;
  ~Store() = default;
  Root* root_ = nullptr;
  std::uint8_t* base_ = nullptr;
  std::uint64_t mapped_ = 0;
  Config config_;
};

}  // namespace parapet::store
