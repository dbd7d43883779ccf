// Input of origins: heads are checked strictly, bodies flow to the client or into the store, no faster than those take them.
#include <algorithm>

#include "engine.h"
#include "net.h"

namespace parapet {

void Engine::origin_again(Origin& origin) noexcept {
    if (origin.queued_again || origin.closed) return;
    origin.queued_again = true;
    again_origins_.push_back(&origin);
}

void Engine::origin_input(Origin& origin) noexcept {
    if (origin.connecting) return;
    if (origin.exchange == nullptr) {
        // An idle connection has nothing to say: whatever comes ends it (RFC 9112 9.5).
        std::uint8_t byte = 0;
        if (origin.readable && receive(origin, {&byte, 1}) != -1) close_origin(origin);
        return;
    }
    if (origin.handshaking) {
        origin_handshake(origin);
        return;
    }
    if (!origin.head_done) {
        read_origin_head(origin);
        return;
    }
    const Phase phase = origin.exchange->phase;
    if (phase == Phase::respond || phase == Phase::background) pump_download(origin);
}

void Engine::read_origin_head(Origin& origin) noexcept {
    Exchange& exchange = *origin.exchange;
    const Limits& limits = exchange.tables->limits;
    const http1::HeadLimits head_limits{limits.origin_head_bytes_max, limits.target_bytes_max, limits.origin_fields_max};
    const std::uint32_t table_bytes = http1::head_table_words(head_limits) * 4;
    const std::uint32_t needed = std::max(body_read_bytes, limits.origin_head_bytes_max) + table_bytes + 64;
    bool try_buffer = !origin.in.empty();
    for (;;) {
        if (event_count_ >= Arena::events_max || arena_.scratch_free() < needed) {
            origin_again(origin);
            return;
        }
        std::uint32_t raw_offset = 0;
        std::span<std::uint8_t> raw;
        const bool buffered = try_buffer;
        if (buffered) {
            raw = bytes_of(origin.in);
        } else {
            if (!origin.readable) return;
            raw_offset = arena_.scratch_at();
            const int n = receive(origin, arena_.span(raw_offset, body_read_bytes));
            if (n == -1) {
                origin.readable = false;
                if (origin.write_failed) origin_lost(origin, fail_cause::connection_terminated);
                return;
            }
            if (n <= 0) {
                origin.ended = true;
                const std::int32_t cause = origin.got_bytes ? fail_cause::response_incomplete : fail_cause::connection_terminated;
                const bool of_tls = n == -2 && origin.tls && origin.tls->fail_cause != fail_cause::none;
                origin_lost(origin, of_tls ? origin.tls->fail_cause : cause, of_tls ? origin.tls->fail_detail : fail_detail::none);
                return;
            }
            count(counter::origin_bytes_in_total, static_cast<std::uint64_t>(n));
            exchange.origin_bytes += static_cast<std::uint64_t>(n);
            origin.got_bytes = true;
            raw = arena_.span(raw_offset, static_cast<std::uint32_t>(n));
            if (!origin.in.empty()) {
                if (!append(origin.in, raw, limits.origin_head_bytes_max + body_read_bytes)) {
                    origin_lost(origin, fail_cause::response_header_size);
                    return;
                }
                try_buffer = true;
                continue;
            }
        }
        const std::uint32_t table_offset = buffered ? arena_.scratch_at() : raw_offset + ((static_cast<std::uint32_t>(raw.size()) + 15u) & ~15u);
        const std::span<std::int32_t> table{arena_.words(table_offset), table_bytes / 4};
        const http1::ParseResult parsed = http1::parse_response(raw, origin.scan, table, head_limits, exchange.method);
        if (parsed.state == http1::Parse::need_more) {
            if (!buffered && !append(origin.in, raw, limits.origin_head_bytes_max + body_read_bytes)) {
                origin_lost(origin, fail_cause::response_header_size);
                return;
            }
            try_buffer = false;
            continue;
        }
        if (parsed.state == http1::Parse::error) {
            origin_lost(origin, http1::response_fail_cause(parsed.reason));
            return;
        }
        origin.scan = {};
        const auto parsed_table_bytes = static_cast<std::uint32_t>(table[static_cast<std::size_t>(head_word::table_bytes)]);
        if (buffered) {
            (void)arena_.take_scratch(parsed_table_bytes);
            raw_offset = arena_.take_scratch(parsed.consumed);
            std::memcpy(arena_.base() + raw_offset, raw.data(), parsed.consumed);
            consume(origin.in, parsed.consumed);
        } else {
            (void)arena_.take_scratch(static_cast<std::uint32_t>(raw.size()));
            (void)arena_.take_scratch(parsed_table_bytes);
        }
        table[static_cast<std::size_t>(head_word::raw_offset)] = static_cast<std::int32_t>(raw_offset);
        const HeadTable head(arena_.base(), table_offset);
        if (head.word(head_word::code) < 200) {
            if (!buffered && !append(origin.in, raw.subspan(parsed.consumed), 1u << Arena::slab_largest_log2)) {
                origin_lost(origin, fail_cause::internal_error);
                return;
            }
            const std::uint32_t generation = exchange.generation;
            if (!interim_arrived(origin, head) || exchange.generation != generation || origin.closed) return;
            try_buffer = !origin.in.empty();
            continue;
        }
        if (!buffered) {
            origin.early_offset = raw_offset + parsed.consumed;
            origin.early_length = static_cast<std::uint32_t>(raw.size()) - parsed.consumed;
        }
        origin.head = table_offset;
        origin.head_done = true;
        origin.body = parsed.body;
        origin.body_left = parsed.body == http1::Body::length ? head.content_length() : 0;
        origin.may_reuse = head.flag(head_flag::keep_alive);
        origin.idle_limit_ms =
            head.has(known::keep_alive) ? http1::idle_limit_ms(head.first(known::keep_alive)) : http1::no_idle_limit;
        if (parsed.body == http1::Body::chunked) {
            http1::ChunkLimits chunk_limits;
            chunk_limits.trailer_bytes_max = limits.trailer_bytes_max;
            origin.trailers = arena_.allocate(static_cast<std::uint32_t>(http1::kept_trailer_bytes(chunk_limits)));
            origin.chunks = http1::ChunkDecoder(arena_.span(origin.trailers.offset, origin.trailers.capacity), chunk_limits);
        }
        set_origin_timer(origin, OriginTimer::none, 0);
        exchange.timer_use = Exchange::TimerUse::none;
        drop(exchange.request);
        exchange.origin_head_ns = now_ns_;
        exchange.origin_status = head.word(head_word::code);
        note_response(exchange, head);
        std::int32_t* event = new_event(event_kind::origin_head, exchange);
        event[event_word::origin_head] = static_cast<std::int32_t>(table_offset);
        event[event_word::origin_delay_ms] = static_cast<std::int32_t>((now_ns_ - exchange.origin_asked_ns + 999'999) / 1'000'000);
        return;
    }
}

/// What the record says of the response; copied, since the head does not outlive the batch.
void Engine::note_response(Exchange& exchange, const HeadTable& head) noexcept {
    std::size_t used = 0;
    const auto note = [&](std::string_view value, std::size_t bytes_max) {
        const std::size_t take = std::min({value.size(), bytes_max, sizeof exchange.noted - used});
        if (take > 0) std::memcpy(exchange.noted + used, value.data(), take);
        const std::string_view kept(exchange.noted + used, take);
        used += take;
        return kept;
    };
    exchange.content_type = note(head.first(known::content_type), 120);
    exchange.expires = note(head.first(known::expires), 36);
    exchange.last_modified = note(head.first(known::last_modified), 36);
}

/// Passes a 1xx on to a client that can take it. False: the exchange has lost this origin.
bool Engine::interim_arrived(Origin& origin, const HeadTable& head) noexcept {
    Exchange& exchange = *origin.exchange;
    const std::int32_t status = head.word(head_word::code);
    if (++origin.interim > exchange.tables->limits.origin_interim_max || status == 101) {
        // 101 was not asked for: Upgrade never crosses.
        origin_lost(origin, fail_cause::protocol_error);
        return false;
    }
    if (status == 100) {
        if (!exchange.expects_continue) return true;
        exchange.expects_continue = false;
        if (exchange.timer_use == Exchange::TimerUse::expect) exchange.timer_use = Exchange::TimerUse::none;
    }
    if (exchange.client == nullptr || exchange.head_sent) return true;
    ByteSink out(build_.data(), build_.size());
    write_status_line(out, status);
    edits_.read({});
    FieldFilter filter;
    filter.drop_server = exchange.tables->server_field != ServerField::pass;
    write_fields(out, head, edits_, filter);
    out.put("\r\n");
    if (!out.overflow()) send_interim(exchange, out.written());
    if (!origin.closed && status == 100 && exchange.client != nullptr) client_again(*exchange.client);
    return !origin.closed;
}

/// A small body often comes in a packet of its own right behind the head: by now it may be there, and one write does for both.
void Engine::read_early(Origin& origin) noexcept {
    if (origin.early_length != 0 || !origin.in.empty() || origin.body == http1::Body::none || origin.body_left > body_read_bytes) return;
    if (arena_.scratch_free() < body_read_bytes) return;
    const std::uint32_t at = arena_.scratch_at();
    const int n = receive(origin, arena_.span(at, body_read_bytes));
    if (n <= 0) {
        // An end or an error is found again by the read that must do without this one.
        origin.readable = n != -1;
        return;
    }
    (void)arena_.take_scratch(static_cast<std::uint32_t>(n));
    count(counter::origin_bytes_in_total, static_cast<std::uint64_t>(n));
    origin.exchange->origin_bytes += static_cast<std::uint64_t>(n);
    origin.early_offset = at;
    origin.early_length = static_cast<std::uint32_t>(n);
}

/// The origin's response goes to the client, and into the store where the policy says so.
void Engine::apply_forward(Exchange& exchange, const std::int32_t* command, Beside* beside) noexcept {
    if (exchange.origin == nullptr || !exchange.origin->head_done || exchange.origin->head == 0) {
        count(counter::policy_faults_total);
        fail_exchange(exchange, 500, reason::policy_fault, outcome::internal_error);
        return;
    }
    Origin& origin = *exchange.origin;
    const HeadTable head(arena_.base(), origin.head);
    const std::int32_t flags = command[command_word::flags];
    if ((flags & command_flag::background) != 0 && (flags & command_flag::store) != 0 && exchange.client != nullptr) {
        hand_over(exchange, command);
        return;
    }
    exchange.status = command[command_word::status] != 0 ? command[command_word::status] : head.word(head_word::code);
    exchange.cached_status = head.word(head_word::code);
    const bool has_length = head.flag(head_flag::has_content_length) || origin.body == http1::Body::none;
    const std::uint64_t length = head.flag(head_flag::has_content_length) ? head.content_length() : 0;
    const bool head_only = exchange.client != nullptr && head_of(exchange).word(head_word::code) == method_id::head;
    exchange.from_store = false;
    if ((flags & command_flag::store) != 0) {
        Exchange& reader_of = beside != nullptr ? beside->client : exchange;
        const Kept kept = begin_store(exchange, reader_of, command, head, has_length ? length : store::unknown_length);
        if (beside != nullptr) beside->kept = kept;
        exchange.from_store = kept == Kept::yes;
        exchange.fill_rest_kib = static_cast<std::uint32_t>(command[command_word::fill_rest_kib]);
    } else if (exchange.fill) {
        abort_fill(exchange, store::AbortCause::released);
    }
    std::span<const std::uint8_t> head_bytes;
    if (exchange.client != nullptr) {
        if (head_only) exchange.method = method_id::head;
        ByteSink out(build_.data(), build_.size());
        write_status_line(out, exchange.status);
        if (!head.has(known::date) && !edits_.gives(known::date)) write_date(out, now_s_);
        FieldFilter filter;
        filter.drop_age = command[command_word::age] >= 0;
        filter.drop_server = exchange.tables->server_field != ServerField::pass;
        write_fields(out, head, edits_, filter);
        edits_.write_added(out, known::content_length);
        write_server(exchange, out, false);
        write_cache_fields(out, command);
        const bool announces = has_length && (origin.body != http1::Body::none || head.flag(head_flag::has_content_length) || !head_only);
        finish_head(exchange, out, announces, length);
        if (out.overflow()) {
            fail_exchange(exchange, 502, reason::memory, outcome::internal_error);
            return;
        }
        head_bytes = out.written();
        if (!exchange.body_complete) client_again(*exchange.client);
    } else if (!exchange.fill) {
        // Nobody is left who wants it.
        abandon_fetch(exchange);
        end_exchange(exchange);
        return;
    } else {
        exchange.phase = Phase::background;
    }
    const std::uint32_t generation = exchange.generation;
    read_early(origin);
    // The bytes that came with the head, in one write with it.
    std::span<const std::uint8_t> in;
    const bool buffered = origin.early_length == 0;
    if (!buffered) {
        in = arena_.span(origin.early_offset, origin.early_length);
    } else if (!origin.in.empty()) {
        in = bytes_of(origin.in);
    }
    Decoded decoded = decode(origin, in);
    if (buffered && !origin.in.empty()) {
        if (!decoded.data.empty() && decoded.data.data() >= in.data() && decoded.data.data() < in.data() + in.size()) {
            std::memcpy(recode_.data(), decoded.data.data(), decoded.data.size());
            decoded.data = {recode_.data(), decoded.data.size()};
        }
        consume(origin.in, decoded.used);
    } else {
        origin.early_length = 0;
        if (decoded.used < in.size() && decoded.fail_cause == 0) {
            // Bytes behind the response: this connection is not to be trusted again.
            origin.may_reuse = false;
        }
    }
    if (!take_body(origin, decoded, head_bytes)) return;
    if (exchange.generation != generation || origin.closed || origin.exchange != &exchange) return;
    pump_download(origin);
}

/// Takes the framing off. What it gives lies in the input or in `recode_`.
Engine::Decoded Engine::decode(Origin& origin, std::span<const std::uint8_t> in) noexcept {
    Decoded result;
    switch (origin.body) {
        case http1::Body::none:
            result.ended = true;
            return result;
        case http1::Body::length: {
            const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(origin.body_left, in.size()));
            origin.body_left -= take;
            result.data = in.first(take);
            result.used = static_cast<std::uint32_t>(take);
            result.ended = origin.body_left == 0;
            return result;
        }
        case http1::Body::close_delimited:
            result.data = in;
            result.used = static_cast<std::uint32_t>(in.size());
            return result;
        case http1::Body::chunked:
            break;
    }
    std::size_t gathered = 0;
    while (result.used < in.size()) {
        const http1::ChunkStep step = origin.chunks.feed(in.subspan(result.used));
        result.used += step.consumed;
        if (step.event == http1::ChunkEvent::data) {
            if (gathered + step.data.size() > recode_.size() / 2) {
                result.fail_cause = fail_cause::internal_error;
                return result;
            }
            std::memcpy(recode_.data() + gathered, step.data.data(), step.data.size());
            gathered += step.data.size();
            continue;
        }
        if (step.event == http1::ChunkEvent::error) result.fail_cause = http1::response_fail_cause(step.reason);
        if (step.event == http1::ChunkEvent::end) result.ended = true;
        break;
    }
    result.data = {recode_.data(), gathered};
    return result;
}

/// Hands decoded bytes on, behind `head` where that has not been sent. False: stop for now.
bool Engine::take_body(Origin& origin, const Decoded& decoded, std::span<const std::uint8_t> head) noexcept {
    Exchange& exchange = *origin.exchange;
    const std::uint32_t generation = exchange.generation;
    if (exchange.fill) {
        if (!decoded.data.empty() && !fill_store(exchange, decoded.data, &origin.decoded)) {
            // The store gave up: whoever reads it sees a truncated response.
            download_failed(origin, fail_cause::internal_error);
            return false;
        }
        if (decoded.fail_cause == 0 && decoded.ended && origin.decoded.empty()) store_ended(origin);
        if (exchange.generation != generation || exchange.phase == Phase::free) return false;
    }
    if (exchange.from_store) {
        if (exchange.client != nullptr && exchange.client->out.empty()) {
            if (!head.empty() && exchange.framing == Framing::length) {
                if (send_from_reader(exchange, head)) pump_reader(exchange);
            } else if (!head.empty()) {
                const bool final = exchange.framing == Framing::none;
                if (deliver(exchange, {}, final, {}, head) == Sent::all && !final) pump_reader(exchange);
            } else if (exchange.timer_use == Exchange::TimerUse::none) {
                pump_reader(exchange);
            }
        }
        if (exchange.generation != generation || exchange.origin != &origin) return false;
        if (decoded.fail_cause != 0) {
            download_failed(origin, decoded.fail_cause);
            return false;
        }
        return true;
    }
    if (exchange.client == nullptr) {
        if (decoded.fail_cause != 0) {
            download_failed(origin, decoded.fail_cause);
            return false;
        }
        if (decoded.ended && !exchange.fill) {
            origin.response_done = true;
            release_origin(origin);
            end_exchange(exchange);
            return false;
        }
        return exchange.origin == &origin;
    }
    // Straight to the client.
    std::span<const std::uint8_t> trailers;
    const bool ended = decoded.ended && decoded.fail_cause == 0;
    if (ended) {
        if (origin.body == http1::Body::chunked && head_of(exchange).flag(head_flag::accepts_trailers)) {
            const auto kept = origin.chunks.trailers();
            std::uint8_t* at = recode_.data() + recode_.size() / 2;
            if (!kept.empty()) std::memcpy(at, kept.data(), std::min(kept.size(), recode_.size() / 2));
            trailers = {at, kept.size()};
        }
        origin.response_done = true;
        exchange.origin_done_ns = now_ns_;
        release_origin(origin);
    }
    const Sent sent = deliver(exchange, decoded.data, ended, trailers, head);
    if (sent == Sent::gone || ended) return false;
    if (exchange.generation != generation) return false;
    if (decoded.fail_cause != 0) {
        download_failed(origin, decoded.fail_cause);
        return false;
    }
    if (sent == Sent::blocked) {
        origin.paused = true;
        count(counter::send_paused_total);
        set_origin_timer(origin, OriginTimer::none, 0);
        return false;
    }
    return true;
}

/// Copies into the store; what it has no room for now goes into `rest`. False: the fill is over.
bool Engine::fill_store(Exchange& exchange, std::span<const std::uint8_t> data, Buffer* rest) noexcept {
    while (!data.empty()) {
        std::span<std::uint8_t> room;
        switch (store_->writable(exchange.fill, room)) {
            case store::WriteState::ready: {
                const std::size_t take = std::min(room.size(), data.size());
                std::memcpy(room.data(), data.data(), take);
                store_->commit(exchange.fill, take);
                data = data.subspan(take);
                break;
            }
            case store::WriteState::wait:
                wait_on_entry(exchange, exchange.fill_object.index);
                if (exchange.origin != nullptr) {
                    exchange.origin->paused = true;
                    set_origin_timer(*exchange.origin, OriginTimer::none, 0);
                }
                return append(*rest, data, 1u << Arena::slab_largest_log2);
            case store::WriteState::no_readers:
            case store::WriteState::refused:
                return false;
        }
    }
    return true;
}

/// The response is whole in the store: the connection is free, the client goes on reading.
void Engine::store_ended(Origin& origin) noexcept {
    Exchange& exchange = *origin.exchange;
    const store::FillRef fill = exchange.fill;
    exchange.fill = {};
    exchange.fill_has_head = false;
    (void)store_->complete(fill);
    origin.response_done = true;
    exchange.origin_done_ns = now_ns_;
    release_origin(origin);
    if (exchange.client == nullptr) end_exchange(exchange);
}

/// Whether too much is lacking of a response that nobody reads any more.
bool Engine::gives_up(const Origin& origin) noexcept {
    const Exchange& exchange = *origin.exchange;
    const bool is_short = origin.body == http1::Body::length && origin.body_left >> 10 < exchange.fill_rest_kib;
    return !is_short && !store_->is_read(exchange.fill);
}

/// Reads the body until the origin has no more for now, or the receiver is behind.
void Engine::pump_download(Origin& origin) noexcept {
    Exchange* exchange = origin.exchange;
    for (int budget = 8;; --budget) {
        if (origin.closed || origin.exchange == nullptr || origin.exchange != exchange || origin.response_done || origin.paused) return;
        if (exchange->client == nullptr && exchange->fill_rest_kib != 0 && exchange->fill && gives_up(origin)) {
            abandon_fetch(*exchange);
            end_exchange(*exchange);
            return;
        }
        if (exchange->fill && !origin.decoded.empty()) {
            Buffer waiting = origin.decoded;
            origin.decoded = {};
            const bool going = fill_store(*exchange, bytes_of(waiting), &origin.decoded);
            drop(waiting);
            if (!going) {
                download_failed(origin, fail_cause::internal_error);
                return;
            }
            if (!origin.decoded.empty()) return;
            const bool whole = origin.body == http1::Body::length && origin.body_left == 0;
            if (whole) {
                const std::uint32_t generation = exchange->generation;
                store_ended(origin);
                if (exchange->generation == generation && exchange->phase == Phase::respond && exchange->client != nullptr &&
                    exchange->client->out.empty()) {
                    pump_reader(*exchange);
                }
                return;
            }
        }
        if (!origin.in.empty()) {
            Decoded decoded = decode(origin, bytes_of(origin.in));
            if (decoded.data.data() != recode_.data() && !decoded.data.empty()) {
                const std::size_t take = std::min(decoded.data.size(), recode_.size() / 2);
                if (take < decoded.data.size()) {
                    download_failed(origin, fail_cause::internal_error);
                    return;
                }
                std::memcpy(recode_.data(), decoded.data.data(), take);
                decoded.data = {recode_.data(), take};
            }
            consume(origin.in, decoded.used);
            if (!take_body(origin, decoded, {})) return;
            continue;
        }
        if (!origin.readable) {
            if (!origin.response_done) await_bytes(origin);
            return;
        }
        if (budget <= 0) {
            origin_again(origin);
            return;
        }
        std::span<std::uint8_t> room;
        bool direct = false;
        if (exchange->fill && origin.body != http1::Body::chunked) {
            switch (store_->writable(exchange->fill, room)) {
                case store::WriteState::ready:
                    direct = true;
                    break;
                case store::WriteState::wait:
                    wait_on_entry(*exchange, exchange->fill_object.index);
                    origin.paused = true;
                    set_origin_timer(origin, OriginTimer::none, 0);
                    return;
                case store::WriteState::no_readers:
                case store::WriteState::refused:
                    download_failed(origin, fail_cause::internal_error);
                    return;
            }
        }
        if (!direct) {
            if (arena_.scratch_free() < body_read_bytes) {
                origin_again(origin);
                return;
            }
            // What the client does not take at once is held: so no more is read than may be held.
            const std::uint32_t held_max = std::max(exchange->tables->limits.send_buffer_bytes_max, 4096u);
            room = arena_.span(arena_.scratch_at(), std::min(body_read_bytes, held_max));
        }
        const int n = receive(origin, room);
        if (n == -1) {
            origin.readable = false;
            continue;
        }
        if (n <= 0) {
            origin.ended = true;
            origin.may_reuse = false;
            if (n == 0 && origin.body == http1::Body::close_delimited) {
                Decoded end;
                end.ended = true;
                (void)take_body(origin, end, {});
                return;
            }
            // Over TLS a body without a length ends with a goodbye; what ends without one may have been cut short (-3).
            const std::int32_t lost = origin.tls && origin.tls->fail_cause != fail_cause::none ? origin.tls->fail_cause : fail_cause::connection_terminated;
            download_failed(origin, n == -2 ? lost : fail_cause::response_incomplete);
            return;
        }
        count(counter::origin_bytes_in_total, static_cast<std::uint64_t>(n));
        exchange->origin_bytes += static_cast<std::uint64_t>(n);
        if (direct) {
            store_->commit(exchange->fill, static_cast<std::size_t>(n));
            Decoded decoded;
            if (origin.body == http1::Body::length) {
                origin.body_left -= static_cast<std::uint64_t>(n);
                decoded.ended = origin.body_left == 0;
            }
            if (!take_body(origin, decoded, {})) return;
            continue;
        }
        const Decoded decoded = decode(origin, room.first(static_cast<std::size_t>(n)));
        if (decoded.used < static_cast<std::uint32_t>(n)) origin.may_reuse = false;
        if (!take_body(origin, decoded, {})) return;
    }
}

/// The body broke off.
void Engine::download_failed(Origin& origin, std::int32_t cause) noexcept {
    Exchange& exchange = *origin.exchange;
    exchange.fail_cause = cause;
    exchange.origin_done_ns = now_ns_;
    count(counter::origin_failures_total);
    origin.exchange = nullptr;
    exchange.origin = nullptr;
    close_origin(origin);
    if (exchange.fill) abort_fill(exchange, store::AbortCause::failed_after_head);
    if (exchange.client == nullptr) {
        end_exchange(exchange);
        return;
    }
    if (exchange.from_store && exchange.client->out.empty() && exchange.client->timer_use != ClientTimer::write) {
        pump_reader(exchange);
        return;
    }
    if (!exchange.from_store) truncate_response(exchange, outcome::origin_aborted, reason::origin_truncated);
}

}  // namespace parapet
