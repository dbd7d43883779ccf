// Input of origins: heads of responses are checked strictly, and become events.
#include <algorithm>

#include "engine.h"

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
            if (!buffered && !append(origin.in, raw.subspan(parsed.consumed), held_bytes_max)) {
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

}  // namespace parapet
