// The state of connections and exchanges of one worker: data only, the engine's files act on it.
#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "address.h"
#include "arena.h"
#include "head_table.h"
#include "http1_chunk.h"
#include "http1_request.h"
#include "http1_response.h"
#include "multipart.h"
#include "process.h"
#include "store/store.h"
#include "tables.h"
#include "timers.h"
#include "tls.h"

namespace parapet {

struct Exchange;
struct Origin;

/// What an epoll event points to.
struct Watch {
    enum class Kind : std::uint8_t { listener, client, origin, mailbox, loop };
    explicit Watch(Kind k) noexcept : kind(k) {}
    Kind kind;
    bool closed = false;  // waits for the end of the batch to be freed
};

/// A deadline and whose it is.
struct Deadline : TimerNode {
    enum class Owner : std::uint8_t { client, origin, exchange, accept };
    Owner owner = Owner::client;
    void* of = nullptr;
};

struct Listener : Watch {
    Listener() noexcept : Watch(Kind::listener) {}
    std::uint32_t id = 0;
    int fd = -1;
    Address local;
    bool paused = false;
};

/// Bytes that wait in a slab, from `start` to `end`.
struct Buffer {
    Slab slab;
    std::uint32_t start = 0;
    std::uint32_t end = 0;
    [[nodiscard]] bool empty() const noexcept { return start == end; }
    [[nodiscard]] std::uint32_t size() const noexcept { return end - start; }
};

enum class ClientTimer : std::uint8_t { none, idle, head, body, write, linger, handshake };

struct Client : Watch {
    Client() noexcept : Watch(Kind::client) {}
    int fd = -1;
    std::uint32_t listener = 0;
    Address peer;
    Address local;
    Buffer in;   // received, not yet used
    Buffer out;  // to be sent before anything else; over TLS it is sealed already
    std::unique_ptr<Tls> tls;  // null: plain
    Buffer cipher;  // received over TLS, not yet opened
    http1::HeadScan scan;
    Deadline timer;
    ClientTimer timer_use = ClientTimer::none;
    bool readable = false;     // the kernel may hold more to read
    bool half_closed = false;  // the end of the stream is in the kernel's buffer: read until it shows
    bool ended = false;        // no more input comes (end of stream)
    bool lingering = false;    // answered for good: what still comes is thrown away
    bool queued_again = false;
    Exchange* exchange = nullptr;
    std::uint32_t exchanges = 0;
    std::uint32_t rtt_us = 0;  // as TCP saw it when the connection began
    std::uint64_t linger_bytes = 0;
    std::uint64_t request_started_ns = 0;  // wall clock of the first byte of the request that is being read
    Client* previous = nullptr;
    Client* next = nullptr;
};

enum class Phase : std::uint8_t {
    free,
    decide,     // an event about it is in this batch
    news,       // an event about it is queued for the next batch
    wait,       // the policy answers later
    queued,     // waits for an origin connection
    fetch,      // the origin has not answered yet
    follow,     // waits for the head of another's fetch
    respond,    // the response is on its way to the client
    background, // no client (any more), the fetch fills the store
};

/// A piece of a longer body, as the policy names it: positions `first` to the one before `end`. Kind and marker are the policy's.
struct Piece {
    std::int32_t kind = 0;  // 0: none
    std::int32_t marker = 0;
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    [[nodiscard]] std::uint64_t length() const noexcept { return end - first; }
    [[nodiscard]] bool holds(std::uint64_t position) const noexcept { return first <= position && position < end; }
};

/// A body that is sent piece by piece: the one that the reader stands on, where it is read from, and the size of the whole.
struct Slices {
    Piece piece;
    std::uint64_t at = 0;
    std::uint64_t total = 0;
};

/// A moment, in what the store and the process count of purges and invalidations.
struct Asked {
    std::uint32_t epoch = 0;
    std::uint64_t invalidations = 0;
};

enum class Framing : std::uint8_t { none, length, chunked, close };

struct Exchange {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    Phase phase = Phase::free;
    Client* client = nullptr;
    Tables* tables = nullptr;

    // Request
    std::uint32_t head = 0;  // arena offset of the head table, in scratch or in head_slab
    Slab head_slab;
    std::int32_t zone = -1;
    std::int32_t method = 0;
    bool http10 = false;
    bool tls = false;  // the request came over TLS
    bool keep_alive = false;
    bool has_slot = false;
    bool recorded = false;
    std::uint64_t ray = 0;
    std::uint64_t started_ns = 0;
    http1::Body body = http1::Body::none;
    bool body_complete = true;
    bool body_touched = false;  // bytes of it have gone to an origin
    bool expects_continue = false;
    std::uint64_t body_left = 0;
    std::uint64_t body_received = 0;
    std::uint64_t request_bytes = 0;
    http1::ChunkDecoder chunks;
    Slab trailers;

    // Response to the client
    std::int32_t status = 0;
    Framing framing = Framing::none;
    bool head_sent = false;
    bool close_after = false;
    bool final_pending = false;  // client.out holds the last bytes of the response
    bool from_store = false;     // the body comes through `reader`
    std::unique_ptr<Multipart> multipart;  // a body of several ranges
    std::unique_ptr<Slices> slices;        // a body that goes on with other objects
    std::uint64_t out_left = 0;  // body bytes still to be sent with Framing::length
    std::uint64_t sent_bytes = 0;
    std::uint64_t sent_body_bytes = 0;
    std::uint64_t first_byte_ns = 0;
    std::int32_t cache_result = 0;
    std::int32_t reason = 0;
    std::int32_t outcome = 0;
    std::int32_t fail_cause = 0;
    std::int32_t fail_detail = 0;
    std::int32_t cached_status = 0;
    bool want_ended = false;

    // Store
    store::ObjectRef pinned;
    store::Reader reader;
    store::FillRef fill;
    store::ObjectRef fill_object;
    std::uint64_t fill_hash = 0;
    Asked asked;  // when the policy last said to fetch
    bool fill_has_head = false;
    std::uint32_t fill_rest_kib = 0;  // see command_word::fill_rest_kib
    bool waits_on_entry = false;  // listed under `fill_object` or the reader's object for notifications
    std::uint32_t waited_entry = 0;
    Piece piece;  // see event_word::piece_kind
    std::uint32_t read_timeout_ms = 0;  // see command_word::read_timeout_ms
    store::ObjectRef revalidated;
    store::ObjectRef seen;   // what the first look-up found, not pinned

    // Origin
    Origin* origin = nullptr;
    std::uint32_t server = 0;
    std::uint32_t attempts = 0;
    bool retried = false;
    Buffer request;  // the request head as sent, kept until a response head comes
    bool send_chunked = false;
    Exchange* queue_next = nullptr;
    std::uint32_t connecting = 0;      // attempts under way
    bool reserved = false;             // a connection of the server's limit is set aside for it
    bool queued = false;
    std::uint32_t next_address = 0;
    std::int32_t connect_cause = 0;
    Deadline timer;
    enum class TimerUse : std::uint8_t { none, answer, queue, connect, attempt, expect } timer_use = TimerUse::none;
    std::uint64_t connect_deadline_ms = 0;
    // Facts for the record
    std::uint8_t client_address[16] = {};
    std::uint32_t address_at = 0;  // in scratch, where the policy can replace it, in the batch of an event
    Address origin_address;
    std::int32_t origin_status = 0;
    std::uint64_t origin_bytes = 0;
    std::uint64_t origin_asked_ns = 0;
    std::uint64_t origin_connect_ns = 0;
    std::uint64_t origin_tls_ns = 0;
    std::uint8_t origin_protocol = 0;  // index into tls_protocols
    bool origin_resumed = false;
    std::uint64_t origin_sent_ns = 0;
    std::uint64_t origin_head_ns = 0;
    std::uint64_t origin_done_ns = 0;
    // Fields of the response that the record names: views into `noted`, or into the object that is pinned.
    std::string_view content_type;
    std::string_view expires;
    std::string_view last_modified;
    char noted[192] = {};
    Buffer sent_host;    // Host sent to the origin, where it is not the client's
    Buffer annotations;  // for the record, from the policy (`annotations` of the contract)
};

struct Pool;

enum class OriginTimer : std::uint8_t { none, first_byte, between_bytes, write, idle, handshake };

struct Origin : Watch {
    Origin() noexcept : Watch(Kind::origin) {}
    int fd = -1;
    Pool* pool = nullptr;
    Exchange* exchange = nullptr;
    Address address;
    bool connecting = false;
    bool handshaking = false;     // connected, TLS is not there yet
    bool reused = false;
    bool readable = false;
    bool half_closed = false;
    bool ended = false;
    bool got_bytes = false;       // any byte of the response to this exchange
    bool head_done = false;
    bool response_done = false;
    bool may_reuse = false;
    bool paused = false;          // the receiver is behind: do not read
    bool queued_again = false;
    bool idle = false;
    bool counted = false;         // one of the server's limit
    bool write_failed = false;    // nothing more can be sent; an answer may still be there to read
    std::uint32_t interim = 0;
    std::uint32_t idle_limit_ms = 0;  // by the last response
    std::uint64_t sent = 0;       // bytes of this request that the kernel took
    Buffer in;
    Buffer out;      // over TLS it is sealed already
    std::unique_ptr<Tls> tls;  // null: plain
    Buffer cipher;   // received over TLS, not yet opened
    Buffer decoded;  // body bytes that the store had no room for yet
    std::uint32_t early_offset = 0;  // body bytes in scratch right behind the head, valid in this batch
    std::uint32_t early_length = 0;
    std::uint32_t head = 0;          // head table in scratch, or in head_slab while the policy waits
    Slab head_slab;
    http1::HeadScan scan;
    http1::Body body = http1::Body::none;
    std::uint64_t body_left = 0;
    http1::ChunkDecoder chunks;
    Slab trailers;
    Deadline timer;
    OriginTimer timer_use = OriginTimer::none;
    Origin* previous = nullptr;
    Origin* next = nullptr;
};

/// Connections of this worker to one server.
struct Pool {
    Server server;
    ServerCounts* counts = nullptr;
    TlsSessions sessions;
    std::vector<Origin*> idle;  // the most recently used last
    Exchange* queue_first = nullptr;
    Exchange* queue_last = nullptr;
    std::uint32_t queued = 0;
    std::uint32_t next_address = 0;
    bool retired = false;  // no snapshot names it any more
};

}  // namespace parapet
