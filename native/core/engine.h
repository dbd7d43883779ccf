// The engine of one edge worker: polls, reads, parses, hands the policy one batch of events at a time, and carries its commands out.
// One object per worker thread; no part of it is touched by another thread. Its files:
//   engine_life      opened, configured, drained, stopped
//   engine_loop      turns and batches
//   engine_timers    what is late
//   engine_clients   connections of clients: accepted, refused, ended
//   engine_request   heads of requests
//   engine_upload    their bodies
//   engine_exchange  exchanges begun, moved to memory of their own, ended; buffers
//   engine_commands  verdicts
//   engine_store     look-ups, fills, followers
//   engine_respond   responses to clients
//   engine_parts     several ranges
//   engine_slices    bodies in several objects, fetches beside their client
//   engine_send      writes, and what waits for room
//   engine_record    the log
//   engine_pool      connections to origins
//   engine_origin    requests to them
//   engine_response  heads of their responses
//   engine_forward   what is passed on of them
//   engine_download  their bodies
//   engine_tls       handshakes, and input and output that is sealed
#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "arena.h"
#include "bytes.h"
#include "connection.h"
#include "head_writer.h"
#include "process.h"
#include "ring.h"
#include "siphash.h"
#include "tables.h"

namespace parapet {

struct StoredPrefix;

struct EngineOptions {
    std::uint32_t worker_index = 0;
    std::uint32_t workers = 1;
    std::uint32_t arena_bytes = 512u << 20;
    std::uint64_t ray_first = 0;
    HashKey hash_key;
    RingOptions ring;
};

struct ListenerOption {
    std::uint32_t id = 0;
    int fd = -1;
};

enum class PolicyCall : std::uint8_t { ok, threw, ending };

class Engine {
public:
    using CallPolicy = PolicyCall (*)(void* context);

    Engine() = default;
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Returns 0 or an errno. The store must be open.
    int open(const EngineOptions& options, CallPolicy call, void* context) noexcept;
    /// Takes over the tables; exchanges under way keep theirs.
    void configure(std::unique_ptr<Tables> tables) noexcept;
    void set_listeners(std::span<const ListenerOption> listeners) noexcept;
    void set_addresses(std::uint32_t server, std::vector<Address> addresses) noexcept;

    /// Lets `turn` wake up for the descriptor of the thread's own loop; false where the kernel refuses (errno).
    bool join_loop(int descriptor) noexcept;
    /// Whether that descriptor was readable since the last look.
    [[nodiscard]] bool take_loop_ready() noexcept;
    /// One epoll_wait of at most `wait_ms`, one call into the policy, and the verdicts carried out.
    void turn(int wait_ms) noexcept;
    /// Not stopped, and the environment is not ending.
    [[nodiscard]] bool is_running() const noexcept { return !stopped_ && !ending_; }
    /// Fires due timers and beats the heart; to be called every `tick_ms`.
    void tick() noexcept;
    static constexpr std::uint32_t tick_ms = 25;
    /// Takes the commands of the late table.
    void apply_late() noexcept;
    /// Makes a waiting `turn` return, so that late commands are taken.
    void wake() noexcept;
    void drain() noexcept;
    /// Whether no exchange and no client connection is left.
    [[nodiscard]] bool idle() const noexcept { return live_exchanges_ == 0 && open_clients_ == 0; }
    void stop() noexcept;

    [[nodiscard]] Arena& arena() noexcept { return arena_; }
    [[nodiscard]] RingWriter& ring() noexcept { return ring_; }
    [[nodiscard]] RingOpened ring_opened() const noexcept { return ring_opened_; }

    // Ports for the policy, called while a batch or a late answer is being decided.
    std::int32_t policy_lookup(std::int32_t key_offset, std::int32_t key_length) noexcept;
    std::int32_t policy_read_head(std::uint32_t object, std::uint32_t generation) noexcept;
    std::uint32_t policy_put_marker(std::int32_t key_offset, std::int32_t key_length, std::int32_t flags, std::uint32_t fresh_until,
                                    std::int32_t bytes_offset, std::int32_t bytes_length) noexcept;
    std::int32_t policy_purge(std::int32_t key_offset, std::int32_t key_length, bool soft) noexcept;
    [[nodiscard]] std::vector<std::int32_t> live_snapshots() const;

    /// Keys for session tickets, the one that encrypts first.
    void set_ticket_keys(std::vector<TicketKey> keys) noexcept { tls_io_.ticket_keys = std::move(keys); }

    /// Told by the store: something moved at this entry. May come from any thread.
    static void store_notify(void* context, std::uint32_t worker, std::uint32_t index, std::uint32_t generation) noexcept;

private:
    static constexpr std::uint32_t epoll_events_max = 256;
    static constexpr std::uint32_t read_bytes = 32u << 10;
    static constexpr std::uint32_t body_read_bytes = 64u << 10;
    static constexpr std::uint32_t build_bytes = 512u << 10;
    /// Of one connection, plain or sealed: a slab holds no more.
    static constexpr std::uint32_t held_bytes_max = 1u << Arena::slab_largest_log2;
    static constexpr std::uint32_t linger_bytes_max = 4u << 20;
    static constexpr std::uint64_t expect_ms = 1000;
    static constexpr std::uint32_t attempts_max = 64;
    /// Time that a connection accepted while draining has for its first request.
    static constexpr std::uint32_t first_request_ms = 1000;
    /// How long nothing is accepted after descriptors or memory ran out.
    static constexpr std::uint32_t accept_pause_ms = 100;
    static constexpr std::uint32_t log_slots = 8192;

    // engine_loop.cc
    void begin_batch() noexcept;
    void end_batch() noexcept;
    void run_policy() noexcept;
    void answer_unanswered(std::uint32_t from, std::uint32_t to) noexcept;
    void update_clock() noexcept;
    void dispatch(Watch& watch, std::uint32_t events) noexcept;
    [[nodiscard]] bool has_more() const noexcept;
    void take_messages() noexcept;
    void run_again() noexcept;
    void free_dead() noexcept;
    bool watch_fd(int fd, Watch& watch) noexcept;
    bool watch_input(int fd, Watch& watch) noexcept;

    // engine_life.cc
    void release_tables(Tables* tables) noexcept;

    // engine_timers.cc
    void arm(Deadline& timer, std::uint64_t ms) noexcept { wheel_.set(timer, now_ms_ + ms); }
    void set_client_timer(Client& client, ClientTimer use, std::uint32_t ms) noexcept;
    void set_origin_timer(Origin& origin, OriginTimer use, std::uint32_t ms) noexcept;
    void await_response(Origin& origin) noexcept;
    void await_bytes(Origin& origin) noexcept;
    void fire(TimerNode& node) noexcept;
    void client_late(Client& client) noexcept;
    void origin_late(Origin& origin) noexcept;
    void exchange_late(Exchange& exchange) noexcept;

    // engine_clients.cc
    bool accept_from(Listener& listener) noexcept;
    void pause_accepting() noexcept;
    void resume_accepting() noexcept;
    void refuse_connection(int fd, const Address& peer, const Listener& listener, std::int32_t status, std::int32_t reason) noexcept;
    void client_gone(Client& client, std::int32_t reason) noexcept;
    void close_client(Client& client) noexcept;
    void linger(Client& client) noexcept;
    void next_request(Client& client) noexcept;

    // engine_exchange.cc
    Exchange* begin_exchange(Client* client, Tables* tables) noexcept;
    void end_exchange(Exchange& exchange) noexcept;
    void detach_client(Exchange& exchange) noexcept;
    [[nodiscard]] Exchange* find(std::uint32_t slot, std::uint32_t generation) noexcept;
    std::int32_t* new_event(std::int32_t kind, Exchange& exchange) noexcept;
    bool move_head(std::uint32_t& head, Slab& slab) noexcept;
    bool settle(Exchange& exchange) noexcept;
    bool settle_origin_head(Origin& origin) noexcept;
    [[nodiscard]] HeadTable head_of(const Exchange& exchange) const noexcept { return {arena_.base(), exchange.head}; }

    // Buffers
    bool append(Buffer& buffer, std::span<const std::uint8_t> bytes, std::uint32_t bytes_max) noexcept;
    void consume(Buffer& buffer, std::uint32_t bytes) noexcept;
    void drop(Buffer& buffer) noexcept;
    [[nodiscard]] std::span<std::uint8_t> bytes_of(const Buffer& buffer) noexcept {
        return arena_.span(buffer.slab.offset + buffer.start, buffer.size());
    }

    // engine_request.cc
    void client_again(Client& client) noexcept;
    void client_input(Client& client) noexcept;
    void read_head(Client& client) noexcept;
    void head_arrived(Client& client, std::uint32_t raw_offset, std::uint32_t table_offset, const http1::ParseResult& parsed) noexcept;
    std::span<const std::uint8_t> refusal_bytes(std::int32_t status, std::int32_t reason, std::string_view more, bool head_only) noexcept;
    static void make_room(int fd, std::size_t bytes) noexcept;
    void refuse_head(Client& client, const http1::ParseResult& parsed, std::uint32_t raw_offset, std::uint32_t table_offset) noexcept;

    // engine_upload.cc
    void pump_upload(Exchange& exchange) noexcept;
    enum class Upload : std::uint8_t { more, blocked, done, failed };
    Upload upload_bytes(Exchange& exchange, std::span<const std::uint8_t> in, std::uint32_t& used) noexcept;
    void discard_body(Exchange& exchange) noexcept;
    void fail_upload(Exchange& exchange, std::int32_t status, std::int32_t reason, std::int32_t outcome_code) noexcept;

    // engine_commands.cc
    void apply_commands() noexcept;
    void apply(const std::int32_t* command) noexcept;
    void apply_respond(Exchange& exchange, const std::int32_t* command) noexcept;
    void apply_fetch(Exchange& exchange, const std::int32_t* command) noexcept;
    void start_fetch(Exchange& exchange, const std::int32_t* command) noexcept;
    void apply_background(Exchange& exchange, const std::int32_t* command) noexcept;
    Exchange* begin_background(const Exchange& exchange) noexcept;
    void apply_annotate(Exchange& exchange, const std::int32_t* command) noexcept;
    void apply_drop(Exchange& exchange) noexcept;
    struct OwnBody {
        std::string_view type;
        std::span<const std::uint8_t> bytes;
    };
    OwnBody own_body(const Tables& tables, std::int32_t zone, std::int32_t status, std::int32_t reason, std::uint64_t ray,
                     std::span<std::uint8_t> room) noexcept;
    std::span<const std::uint8_t> rendered(const Page& page, std::int32_t status, std::uint64_t ray) noexcept;
    void fail_exchange(Exchange& exchange, std::int32_t status, std::int32_t reason, std::int32_t outcome_code) noexcept;

    // engine_send.cc
    enum class Sent : std::uint8_t { all, blocked, gone };
    bool hold(Buffer& out, std::span<const iovec> pieces, std::size_t taken) noexcept;
    bool flush_out(int fd, Buffer& out) noexcept;
    // Both are inlined into what is below them: each is once on the way of every response.
    [[gnu::always_inline]] std::ptrdiff_t transmit(Exchange& exchange, std::span<const iovec> pieces, std::size_t total, bool final) noexcept;
    [[gnu::always_inline]] Sent send_or_hold(Exchange& exchange, std::span<const iovec> pieces, std::uint64_t plain, bool final) noexcept;
    Sent send_pieces(Exchange& exchange, std::span<const iovec> pieces, bool final) noexcept;
    Sent push_sealed(Exchange& exchange, std::uint64_t plain_bytes, bool final) noexcept;
    bool send_from_reader(Exchange& exchange, std::span<const std::uint8_t> head) noexcept;
    void flush_client(Client& client) noexcept;

    // engine_respond.cc
    void finish_head(Exchange& exchange, ByteSink& out, bool has_body_length, std::uint64_t body_length) noexcept;
    void respond_bytes(Exchange& exchange, std::int32_t status, const Edits& edits, std::span<const std::uint8_t> body,
                       std::string_view type) noexcept;
    void write_server(const Exchange& exchange, ByteSink& out, bool own) noexcept;
    void pump_reader(Exchange& exchange) noexcept;
    void finish_response(Exchange& exchange) noexcept;
    void truncate_response(Exchange& exchange, std::int32_t outcome_code, std::int32_t reason) noexcept;
    void send_interim(Exchange& exchange, std::span<const std::uint8_t> bytes) noexcept;
    Sent deliver(Exchange& exchange, std::span<const std::uint8_t> data, bool final, std::span<const std::uint8_t> trailers = {},
                 std::span<const std::uint8_t> head = {}) noexcept;

    // engine_tls.cc
    static constexpr std::uint32_t seal_bytes_max = 64u << 10;
    /// What `net::receive` answers, or -3 over TLS: the end, without a goodbye. Says whether there may be more.
    int receive(Client& client, std::span<std::uint8_t> at) noexcept;
    int receive(Origin& origin, std::span<std::uint8_t> at) noexcept;
    int open_sealed(Tls& tls, int fd, Buffer& cipher, Buffer& out, bool half_closed, bool& readable, std::span<std::uint8_t> at) noexcept;
    bool keep_cipher(Buffer& cipher) noexcept;
    bool send_out(int fd, Buffer& out) noexcept;
    bool seal(Tls& tls, std::span<const iovec> pieces) noexcept;
    Sent send_sealed(Exchange& exchange, std::span<const iovec> pieces, bool final) noexcept;
    void send_last(Client& client, std::span<const std::uint8_t> text) noexcept;
    void goodbye(Client& client) noexcept;
    void begin_tls(Client& client, std::shared_ptr<const TlsListener> listener) noexcept;
    bool client_handshake(Client& client) noexcept;
    void handshake_failed(Client& client, std::int32_t cause) noexcept;
    void leave_handshake(Client& client) noexcept;
    void plain_http(Client& client) noexcept;
    void begin_origin_tls(Origin& origin) noexcept;
    void origin_handshake(Origin& origin) noexcept;
    void end_origin_tls(Origin& origin) noexcept;

    // engine_pool.cc
    Pool* pool(std::uint32_t server) noexcept;
    void acquire(Exchange& exchange, bool fresh) noexcept;
    void enqueue(Pool& pool, Exchange& exchange) noexcept;
    void dequeue(Exchange& exchange) noexcept;
    void serve_queue(Pool& pool) noexcept;
    bool open_connection(Exchange& exchange) noexcept;
    void attempt(Exchange& exchange) noexcept;
    bool connect_answered(Origin& origin, std::uint32_t events) noexcept;
    void attempt_failed(Origin& origin, std::int32_t cause) noexcept;
    void close_attempts(Exchange& exchange, const Origin* keep) noexcept;
    void origin_connected(Origin& origin) noexcept;
    void release_origin(Origin& origin) noexcept;
    void close_origin(Origin& origin) noexcept;
    void trim_idle(Pool& pool) noexcept;

    // engine_origin.cc
    void give(Exchange& exchange, Origin& origin) noexcept;
    void send_request(Exchange& exchange) noexcept;
    bool origin_send(Origin& origin, std::span<const iovec> pieces) noexcept;
    void note_sent(Origin& origin, std::ptrdiff_t bytes) noexcept;
    void cannot_send(Origin& origin) noexcept;
    void flush_origin(Origin& origin) noexcept;
    void fetch_failed(Exchange& exchange, std::int32_t cause, std::int32_t stage, std::int32_t detail = fail_detail::none) noexcept;
    void origin_lost(Origin& origin, std::int32_t cause, std::int32_t detail = fail_detail::none) noexcept;
    void abandon_fetch(Exchange& exchange) noexcept;

    // engine_response.cc
    void origin_again(Origin& origin) noexcept;
    void origin_input(Origin& origin) noexcept;
    void read_origin_head(Origin& origin) noexcept;
    void note_response(Exchange& exchange, const HeadTable& head) noexcept;
    bool interim_arrived(Origin& origin, const HeadTable& head) noexcept;

    // engine_forward.cc
    enum class Kept : std::uint8_t { yes, elsewhere, no };
    /// Who reads what another exchange fills, and whether the store took that.
    struct Beside {
        Exchange& client;
        Kept kept = Kept::no;
    };
    void apply_forward(Exchange& exchange, const std::int32_t* command, Beside* beside = nullptr) noexcept;
    void read_early(Origin& origin) noexcept;

    // engine_download.cc
    struct Decoded {
        std::span<const std::uint8_t> data;
        std::uint32_t used = 0;
        bool ended = false;
        std::int32_t fail_cause = 0;
    };
    Decoded decode(Origin& origin, std::span<const std::uint8_t> in) noexcept;
    /// False: stop for now (the receiver waits, or the exchange has ended).
    bool take_body(Origin& origin, const Decoded& decoded, std::span<const std::uint8_t> head) noexcept;
    bool fill_store(Exchange& exchange, std::span<const std::uint8_t> data, Buffer* rest) noexcept;
    void store_ended(Origin& origin) noexcept;
    bool gives_up(const Origin& origin) noexcept;
    void pump_download(Origin& origin) noexcept;
    void download_failed(Origin& origin, std::int32_t cause) noexcept;

    // engine_store.cc
    [[nodiscard]] Asked asked_now() const noexcept { return {store_->epoch(), Process::get().purge_epochs.last()}; }
    std::size_t early_key(const Exchange& exchange, std::span<std::uint8_t> out) const noexcept;
    std::span<const std::uint8_t> completed(std::span<const std::uint8_t> key) noexcept;
    std::span<const std::uint8_t> command_key(const Exchange& exchange, const std::int32_t* command) noexcept;
    void look_up(Exchange& exchange, std::int32_t* event) noexcept;
    void apply_serve(Exchange& exchange, const std::int32_t* command) noexcept;
    void serve(Exchange& exchange, const std::int32_t* command, store::ObjectRef ref) noexcept;
    void write_stored_lines(ByteSink& out, std::string_view lines, const StoredPrefix& prefix, bool not_modified, bool drop_server) noexcept;
    static void write_cache_fields(ByteSink& out, const std::int32_t* command) noexcept;
    void apply_refresh(Exchange& exchange, const std::int32_t* command) noexcept;
    store::FillResult begin_fill(Exchange& exchange, Exchange& reader_of, std::span<const std::uint8_t> key, std::uint64_t hash, bool is_storable) noexcept;
    bool join_fill(Exchange& exchange, const std::int32_t* command, bool& leads) noexcept;
    Kept begin_store(Exchange& exchange, Exchange& reader_of, const std::int32_t* command, const HeadTable& head, std::uint64_t body_length) noexcept;
    store::Tags tags_of(const HeadTable& head) noexcept;
    std::span<const std::uint8_t> stored_head(const HeadTable& head) noexcept;
    std::span<const std::uint8_t> stored_head(std::string_view lines) noexcept;
    void abort_fill(Exchange& exchange, store::AbortCause cause) noexcept;
    void unpin(Exchange& exchange) noexcept;
    void wait_on_entry(Exchange& exchange, std::uint32_t entry) noexcept;
    void stop_waiting(Exchange& exchange) noexcept;
    void entry_moved(std::uint32_t entry) noexcept;
    void follow_moved(Exchange& exchange) noexcept;
    void queue_follow(Exchange& exchange, std::int32_t cause, store::ObjectRef ref) noexcept;
    void emit_follow() noexcept;

    // engine_parts.cc
    bool begin_parts(Exchange& exchange, const std::int32_t* command, std::string_view type, std::uint64_t size) noexcept;
    bool stand_at(Exchange& exchange, std::uint64_t first, std::uint64_t last) noexcept;
    void pump_parts(Exchange& exchange) noexcept;

    // engine_slices.cc
    void hand_over(Exchange& exchange, const std::int32_t* command) noexcept;
    static Piece named_piece(const std::int32_t* command) noexcept;
    bool read_slices(Slices& slices, const std::int32_t* command, std::uint64_t at, const store::ObjectView& view) noexcept;
    bool begin_slices(Exchange& exchange, const std::int32_t* command, const store::ObjectView& view) noexcept;
    void next_slice(Exchange& exchange) noexcept;
    void apply_slice(Exchange& exchange, const std::int32_t* command) noexcept;
    void fetch_slice(Exchange& exchange, const std::int32_t* command) noexcept;
    void resume_slice(Exchange& exchange) noexcept;
    void keep_noted(Exchange& exchange) noexcept;

    // engine_record.cc
    void begin_slot(Exchange& exchange) noexcept;
    void prepare_record(Exchange& exchange) noexcept;
    void commit_record(Exchange& exchange) noexcept;
    ZoneCounts* counts_of(const Exchange& exchange) noexcept;
    void rollback_record(Exchange& exchange) noexcept;
    void record_now(Exchange& exchange) noexcept;
    void record_refused(const Client& client, std::int32_t status, std::int32_t reason, std::uint64_t bytes_in,
                        std::uint64_t bytes_out, const HeadTable& head) noexcept;

    void count(std::int32_t counter, std::uint64_t n = 1) noexcept { stats_->add(counter, n); }
    void uncount(std::int32_t counter, std::uint64_t n = 1) noexcept { stats_->subtract(counter, n); }

    EngineOptions options_;
    CallPolicy call_ = nullptr;
    void* context_ = nullptr;
    Arena arena_;
    RingWriter ring_;
    RingOpened ring_opened_;
    StatsPage* stats_ = nullptr;
    store::Store* store_ = nullptr;
    Mailbox* mailbox_ = nullptr;

    Watch mailbox_watch_{Watch::Kind::mailbox};
    Watch loop_watch_{Watch::Kind::loop};
    bool loop_ready_ = false;
    int epoll_ = -1;
    int mailbox_fd_ = -1;
    bool stopped_ = false;
    bool draining_ = false;
    bool in_turn_ = false;
    bool ending_ = false;

    Tables* tables_ = nullptr;
    std::vector<std::pair<std::unique_ptr<Tables>, std::uint32_t>> all_tables_;  // with the number of exchanges under each
    std::vector<std::unique_ptr<Pool>> pools_;                                    // by server id
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<std::unique_ptr<Exchange>> exchanges_;  // by slot
    std::vector<std::uint32_t> free_slots_;
    Client clients_;   // list head
    Origin origins_;   // list head
    std::vector<Client*> dead_clients_;
    std::vector<Origin*> dead_origins_;
    std::vector<Client*> again_clients_;
    std::vector<Origin*> again_origins_;
    std::vector<std::uint32_t> moved_entries_;
    struct FollowNews {
        std::uint32_t slot;
        std::uint32_t generation;
        std::int32_t cause;
        store::ObjectRef ref;
    };
    std::vector<FollowNews> follow_news_;
    struct FailNews {
        std::uint32_t slot;
        std::uint32_t generation;
        std::int32_t cause;
        std::int32_t stage;
        bool may_retry;
    };
    std::vector<FailNews> fail_news_;
    std::unordered_multimap<std::uint32_t, std::uint32_t> waiters_;  // store entry -> exchange slot
    std::vector<store::ObjectRef> batch_pins_;
    std::vector<Message> messages_;
    std::vector<std::uint32_t> batch_slots_;  // exchanges with an event in this batch
    std::vector<std::uint8_t> build_;
    std::vector<std::uint8_t> recode_;
    std::string page_text_;
    std::vector<std::uint8_t> record_;  // plain bytes of one TLS record
    TlsIo tls_io_;
    TimerWheel wheel_;
    Edits edits_;
    Edits store_edits_;
    std::vector<store::TagHash> tags_;
    Deadline accept_timer_;

    std::uint32_t event_count_ = 0;
    std::uint64_t now_ms_ = 0;   // monotonic
    std::uint64_t now_ns_ = 0;   // wall clock
    std::uint32_t now_s_ = 0;
    std::uint64_t next_ray_ = 0;
    std::uint32_t live_exchanges_ = 0;
    std::uint32_t open_clients_ = 0;
    std::uint64_t last_ring_tick_ms_ = 0;
};

}  // namespace parapet
