// The life of an exchange, the events about it, and the buffers that outlive a batch.
#include <cstring>

#include "engine.h"

namespace parapet {

// A fault for the test of the sanitizer build (scripts/runners/e2e-sanitized.mjs): one byte behind a full buffer is taken for
// room. What is behind belongs to the next slab of the arena, so that only the poison of free slabs can tell.
#if defined(PARAPET_PLANT_OFF_BY_ONE)
static constexpr std::uint32_t planted_bytes = 1;
#else
static constexpr std::uint32_t planted_bytes = 0;
#endif

/// `tables`: those of the snapshot that the exchange is decided under.
Exchange* Engine::begin_exchange(Client* client, Tables* tables) noexcept {
    std::uint32_t slot = 0;
    if (free_slots_.empty()) {
        slot = static_cast<std::uint32_t>(exchanges_.size());
        exchanges_.push_back(std::make_unique<Exchange>());
        exchanges_[slot]->slot = slot;
        exchanges_[slot]->timer.owner = Deadline::Owner::exchange;
        exchanges_[slot]->timer.of = exchanges_[slot].get();
    } else {
        slot = free_slots_.back();
        free_slots_.pop_back();
    }
    Exchange& exchange = *exchanges_[slot];
    ++exchange.generation;
    exchange.phase = Phase::decide;
    exchange.client = client;
    exchange.tables = tables;
    for (auto& [owned, users] : all_tables_) {
        if (owned.get() == tables) ++users;
    }
    exchange.head = 0;
    exchange.zone = -1;
    exchange.method = 0;
    exchange.http10 = false;
    exchange.tls = false;
    exchange.keep_alive = false;
    exchange.has_slot = false;
    exchange.recorded = client == nullptr;
    exchange.ray = next_ray_++;
    exchange.started_ns = now_ns_;
    exchange.body = http1::Body::none;
    exchange.body_complete = true;
    exchange.body_touched = false;
    exchange.expects_continue = false;
    exchange.body_left = 0;
    exchange.body_received = 0;
    exchange.request_bytes = 0;
    exchange.status = 0;
    exchange.framing = Framing::none;
    exchange.head_sent = false;
    exchange.close_after = false;
    exchange.final_pending = false;
    exchange.from_store = false;
    exchange.out_left = 0;
    exchange.sent_bytes = 0;
    exchange.sent_body_bytes = 0;
    exchange.first_byte_ns = 0;
    exchange.cache_result = 0;
    exchange.reason = 0;
    exchange.outcome = 0;
    exchange.fail_cause = 0;
    exchange.fail_detail = 0;
    exchange.cached_status = 0;
    exchange.want_ended = false;
    exchange.pinned = {};
    exchange.fill = {};
    exchange.fill_object = {};
    exchange.revalidated = {};
    exchange.piece = {};
    exchange.read_timeout_ms = 0;
    exchange.origin = nullptr;
    exchange.server = 0;
    exchange.attempts = 0;
    exchange.retried = false;
    exchange.send_chunked = false;
    exchange.queue_next = nullptr;
    exchange.connecting = 0;
    exchange.reserved = false;
    exchange.queued = false;
    exchange.fill_has_head = false;
    exchange.fill_rest_kib = 0;
    std::memset(exchange.client_address, 0, 16);
    if (client != nullptr) std::memcpy(exchange.client_address, client->peer.bytes, 16);
    exchange.address_at = 0;
    exchange.origin_address = {};
    exchange.origin_status = 0;
    exchange.origin_bytes = 0;
    exchange.origin_asked_ns = 0;
    exchange.origin_connect_ns = 0;
    exchange.origin_tls_ns = 0;
    exchange.origin_protocol = 0;
    exchange.origin_resumed = false;
    exchange.origin_sent_ns = 0;
    exchange.origin_head_ns = 0;
    exchange.origin_done_ns = 0;
    exchange.seen = {};
    exchange.content_type = {};
    exchange.expires = {};
    exchange.last_modified = {};
    ++live_exchanges_;
    stats_->set(counter::exchanges_live, live_exchanges_);
    return &exchange;
}

/// Frees the exchange. Its fetch is over or was abandoned, its record is written.
void Engine::end_exchange(Exchange& exchange) noexcept {
    if (exchange.phase == Phase::free) return;
    if (exchange.want_ended) {
        if (std::int32_t* event = new_event(event_kind::ended, exchange)) {
            event[event_word::cause] = exchange.outcome;
        }
    }
    if (exchange.origin_bytes != 0) {
        if (ZoneCounts* counts = counts_of(exchange)) ZoneCounts::add(counts->origin_bytes, exchange.origin_bytes);
    }
    stop_waiting(exchange);
    exchange.reader.close();
    exchange.multipart.reset();
    exchange.slices.reset();
    unpin(exchange);
    if (exchange.fill) abort_fill(exchange, store::AbortCause::failed_after_head);
    if (exchange.has_slot) {
        ring_.slot_end(exchange.slot);
        exchange.has_slot = false;
    }
    exchange.timer_use = Exchange::TimerUse::none;
    wheel_.remove(exchange.timer);
    drop(exchange.request);
    arena_.release(exchange.head_slab);
    arena_.release(exchange.trailers);
    drop(exchange.annotations);
    drop(exchange.sent_host);
    if (exchange.client != nullptr) exchange.client->exchange = nullptr;
    exchange.client = nullptr;
    exchange.phase = Phase::free;
    release_tables(exchange.tables);
    exchange.tables = nullptr;
    free_slots_.push_back(exchange.slot);
    --live_exchanges_;
    stats_->set(counter::exchanges_live, live_exchanges_);
}

/// The client is gone or answered; a fetch that fills the store goes on without it.
void Engine::detach_client(Exchange& exchange) noexcept {
    if (exchange.client != nullptr) exchange.client->exchange = nullptr;
    exchange.client = nullptr;
    const bool goes_on = exchange.fill && exchange.body_complete &&
        (exchange.origin != nullptr || exchange.phase == Phase::fetch || exchange.phase == Phase::queued || exchange.phase == Phase::decide ||
         exchange.phase == Phase::news);
    if (!goes_on) {
        abandon_fetch(exchange);
        end_exchange(exchange);
        return;
    }
    // A body that comes through a reader is no longer read by this exchange.
    stop_waiting(exchange);
    exchange.reader.close();
    if (exchange.has_slot) {
        ring_.slot_end(exchange.slot);
        exchange.has_slot = false;
    }
    exchange.framing = Framing::none;
    if (exchange.phase == Phase::respond) exchange.phase = Phase::background;
    if (exchange.origin != nullptr && exchange.origin->head_done && exchange.phase == Phase::background) {
        exchange.origin->paused = false;
        origin_again(*exchange.origin);
    }
}

Exchange* Engine::find(std::uint32_t slot, std::uint32_t generation) noexcept {
    if (slot >= exchanges_.size()) return nullptr;
    Exchange& exchange = *exchanges_[slot];
    if (exchange.phase == Phase::free || exchange.generation != generation) return nullptr;
    return &exchange;
}

/// A row of the event table with the words that every event has; nullptr when the table is full.
std::int32_t* Engine::new_event(std::int32_t kind, Exchange& exchange) noexcept {
    if (event_count_ >= Arena::events_max) return nullptr;
    std::int32_t* event = arena_.event(event_count_++);
    std::memset(event, 0, static_cast<std::size_t>(event_words) * 4);
    event[event_word::kind] = kind;
    event[event_word::slot] = static_cast<std::int32_t>(exchange.slot);
    event[event_word::generation] = static_cast<std::int32_t>(exchange.generation);
    event[event_word::zone] = exchange.zone;
    event[event_word::snapshot] = exchange.tables->snapshot;
    event[event_word::head] = static_cast<std::int32_t>(exchange.head);
    event[event_word::attempts] = static_cast<std::int32_t>(exchange.attempts);
    event[event_word::server] = static_cast<std::int32_t>(exchange.server);
    std::int32_t flags = 0;
    if (exchange.tls) flags |= event_flag::tls;
    if (exchange.client == nullptr) flags |= event_flag::no_client;
    if (exchange.fill) flags |= event_flag::leads;
    if (exchange.body != http1::Body::none) flags |= event_flag::has_body;
    event[event_word::flags] = flags;
    if (exchange.client != nullptr) {
        event[event_word::listener] = static_cast<std::int32_t>(exchange.client->listener);
        event[event_word::client_port] = exchange.client->peer.port;
    }
    if (arena_.scratch_free() >= 32) {
        const std::uint32_t at = arena_.take_scratch(32);
        if (exchange.client != nullptr) std::memcpy(arena_.base() + at, exchange.client->peer.bytes, 16);
        else std::memset(arena_.base() + at, 0, 16);
        std::memcpy(arena_.base() + at + 16, exchange.client_address, 16);
        event[event_word::client_address] = static_cast<std::int32_t>(at);
        exchange.address_at = at;
    }
    event[event_word::revalidated] = static_cast<std::int32_t>(exchange.revalidated.index);
    event[event_word::revalidated_generation] = static_cast<std::int32_t>(exchange.revalidated.generation);
    if (exchange.piece.kind != 0) {
        event[event_word::piece_kind] = exchange.piece.kind;
        event[event_word::piece_marker] = exchange.piece.marker;
        std::memcpy(event + event_word::piece_first_low, &exchange.piece.first, 8);
        std::memcpy(event + event_word::piece_end_low, &exchange.piece.end, 8);
    }
    if (kind != event_kind::ended) {
        exchange.phase = Phase::decide;
        batch_slots_.push_back(exchange.slot);
    }
    return event;
}

/// Moves a head, its table and its bytes, from scratch into `slab`; `head` then names the table there. False: the arena is full.
bool Engine::move_head(std::uint32_t& head, Slab& slab) noexcept {
    const std::int32_t* table = arena_.words(head);
    const auto table_bytes = static_cast<std::uint32_t>(table[head_word::table_bytes]);
    const auto raw_bytes = static_cast<std::uint32_t>(table[head_word::raw_length]);
    const std::uint32_t raw_at = (table_bytes + 15u) & ~15u;
    const Slab place = arena_.allocate(raw_at + raw_bytes);
    if (!place) return false;
    std::uint8_t* at = arena_.base() + place.offset;
    std::memcpy(at, table, table_bytes);
    std::memcpy(at + raw_at, arena_.base() + table[head_word::raw_offset], raw_bytes);
    arena_.words(place.offset)[head_word::raw_offset] = static_cast<std::int32_t>(place.offset + raw_at);
    slab = place;
    head = place.offset;
    return true;
}

/// Gives the exchange's head a place of its own, where it outlives the batch.
bool Engine::settle(Exchange& exchange) noexcept {
    return exchange.head == 0 || exchange.head_slab || move_head(exchange.head, exchange.head_slab);
}

/// The same for an origin's response head that the policy has not answered yet, and for the body bytes behind it.
bool Engine::settle_origin_head(Origin& origin) noexcept {
    if (origin.early_length > 0) {
        const std::uint32_t length = origin.early_length;
        origin.early_length = 0;
        if (!append(origin.in, arena_.span(origin.early_offset, length), held_bytes_max)) return false;
    }
    return origin.head == 0 || origin.head_slab || move_head(origin.head, origin.head_slab);
}

/// Adds bytes at the end; false when the buffer would hold more than `bytes_max` or the arena is full.
bool Engine::append(Buffer& buffer, std::span<const std::uint8_t> bytes, std::uint32_t bytes_max) noexcept {
    if (bytes.empty()) return true;
    const std::size_t wanted = buffer.size() + bytes.size();
    if (wanted > bytes_max) return false;
    if (!buffer.slab || buffer.slab.capacity + planted_bytes - buffer.end < bytes.size()) {
        if (buffer.slab && buffer.slab.capacity >= wanted) {
            std::memmove(arena_.base() + buffer.slab.offset, arena_.base() + buffer.slab.offset + buffer.start, buffer.size());
        } else {
            Slab slab = arena_.allocate(static_cast<std::uint32_t>(wanted));
            if (!slab) {
                count(counter::arena_full_total);
                return false;
            }
            if (buffer.slab) std::memcpy(arena_.base() + slab.offset, arena_.base() + buffer.slab.offset + buffer.start, buffer.size());
            arena_.release(buffer.slab);
            buffer.slab = slab;
        }
        buffer.end -= buffer.start;
        buffer.start = 0;
    }
    std::memcpy(arena_.base() + buffer.slab.offset + buffer.end, bytes.data(), bytes.size());
    buffer.end += static_cast<std::uint32_t>(bytes.size());
    return true;
}

void Engine::consume(Buffer& buffer, std::uint32_t bytes) noexcept {
    buffer.start += bytes;
    if (buffer.start >= buffer.end) drop(buffer);
}

void Engine::drop(Buffer& buffer) noexcept {
    arena_.release(buffer.slab);
    buffer.start = buffer.end = 0;
}

}  // namespace parapet
