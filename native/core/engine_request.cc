// Input of clients: heads are parsed where they were received, and become exchanges; what is refused is answered, recorded and closed
// at once.
#include <sys/socket.h>

#include "engine.h"
#include "net.h"

namespace parapet {

namespace {

http1::ParseResult refusal(std::uint16_t status, std::int32_t why) noexcept {
    http1::ParseResult result;
    result.state = http1::Parse::error;
    result.status = status;
    result.reason = why;
    return result;
}

}  // namespace

void Engine::client_again(Client& client) noexcept {
    if (client.queued_again || client.closed) return;
    client.queued_again = true;
    again_clients_.push_back(&client);
}

void Engine::client_input(Client& client) noexcept {
    if (client.lingering) {
        while (client.readable) {
            const int n = net::receive(client.fd, build_);
            if (n == -1) {
                client.readable = false;
                return;
            }
            if (n <= 0 || (client.linger_bytes += static_cast<std::uint64_t>(n)) > linger_bytes_max) {
                close_client(client);
                return;
            }
        }
        return;
    }
    if (client.tls && !client.tls->open && !client_handshake(client)) return;
    if (client.exchange != nullptr) {
        Exchange& exchange = *client.exchange;
        if (!exchange.body_complete && exchange.phase != Phase::decide) {
            pump_upload(exchange);
        } else if (exchange.phase == Phase::respond && exchange.from_store && client.out.empty()) {
            pump_reader(exchange);
        }
        return;
    }
    read_head(client);
}

void Engine::read_head(Client& client) noexcept {
    const Limits& limits = tables_->limits;
    const http1::HeadLimits head_limits{limits.head_bytes_max, limits.target_bytes_max, limits.fields_max};
    const std::uint32_t table_bytes = http1::head_table_words(head_limits) * 4;
    const std::uint32_t needed = std::max(read_bytes, limits.head_bytes_max) + table_bytes + 64;
    bool try_buffer = !client.in.empty();
    for (;;) {
        if (event_count_ >= Arena::events_max || arena_.scratch_free() < needed) {
            client_again(client);
            return;
        }
        std::uint32_t raw_offset = 0;
        std::span<std::uint8_t> raw;
        const bool buffered = try_buffer;
        if (buffered) {
            raw = bytes_of(client.in);
        } else {
            if (!client.readable) return;
            raw_offset = arena_.scratch_at();
            const int n = receive(client, arena_.span(raw_offset, read_bytes));
            if (n == -1) {
                client.readable = false;
                return;
            }
            if (n <= 0) {
                // The end between two requests is the usual goodbye; within a head the request never became one.
                close_client(client);
                return;
            }
            count(counter::bytes_in_total, static_cast<std::uint64_t>(n));
            if (client.request_started_ns == 0) client.request_started_ns = now_ns_;
            raw = arena_.span(raw_offset, static_cast<std::uint32_t>(n));
            if (!client.in.empty()) {
                if (!append(client.in, raw, limits.head_bytes_max + read_bytes)) {
                    refuse_head(client, refusal(503, reason::memory), 0, 0);
                    return;
                }
                try_buffer = true;
                continue;
            }
        }
        if (client.request_started_ns == 0) client.request_started_ns = now_ns_;
        const std::uint32_t table_offset = buffered ? arena_.scratch_at() : raw_offset + ((static_cast<std::uint32_t>(raw.size()) + 15u) & ~15u);
        const std::span<std::int32_t> table{arena_.words(table_offset), table_bytes / 4};
        const http1::ParseResult parsed = http1::parse_request(raw, client.scan, table, head_limits);
        if (parsed.state == http1::Parse::need_more) {
            if (!buffered && !append(client.in, raw, limits.head_bytes_max + read_bytes)) {
                refuse_head(client, refusal(503, reason::memory), 0, 0);
                return;
            }
            if (client.timer_use != ClientTimer::head) set_client_timer(client, ClientTimer::head, tables_->timeouts.head_ms);
            try_buffer = false;
            continue;
        }
        if (parsed.state == http1::Parse::error) {
            if (buffered) {
                // The words of a refused head are relative to its bytes: these stay where they are until the record is written.
                raw_offset = client.in.slab.offset + client.in.start;
            }
            refuse_head(client, parsed, raw_offset, table_offset);
            return;
        }
        client.scan = {};
        const auto parsed_table_bytes = static_cast<std::uint32_t>(table[static_cast<std::size_t>(head_word::table_bytes)]);
        if (buffered) {
            (void)arena_.take_scratch(parsed_table_bytes);
            raw_offset = arena_.take_scratch(parsed.consumed);
            std::memcpy(arena_.base() + raw_offset, raw.data(), parsed.consumed);
            consume(client.in, parsed.consumed);
        } else {
            (void)arena_.take_scratch(static_cast<std::uint32_t>(raw.size()));
            (void)arena_.take_scratch(parsed_table_bytes);
            const auto rest = raw.subspan(parsed.consumed);
            if (!append(client.in, rest, limits.pipeline_bytes_max + read_bytes)) {
                refuse_head(client, refusal(503, reason::memory), raw_offset, table_offset);
                return;
            }
        }
        head_arrived(client, raw_offset, table_offset, parsed);
        return;
    }
}

void Engine::head_arrived(Client& client, std::uint32_t raw_offset, std::uint32_t table_offset,
                          const http1::ParseResult& parsed) noexcept {
    std::int32_t* table = arena_.words(table_offset);
    table[head_word::raw_offset] = static_cast<std::int32_t>(raw_offset);
    const HeadTable head(arena_.base(), table_offset);
    const Limits& limits = tables_->limits;
    if (parsed.body == http1::Body::length && head.content_length() > limits.body_bytes_max) {
        refuse_head(client, refusal(413, reason::body_too_large), raw_offset, table_offset);
        return;
    }
    Exchange& exchange = *begin_exchange(&client, tables_);
    client.exchange = &exchange;
    ++client.exchanges;
    set_client_timer(client, ClientTimer::none, 0);
    exchange.head = table_offset;
    exchange.method = table[head_word::code];
    exchange.tls = client.tls != nullptr;
    exchange.http10 = table[head_word::version] == 10;
    exchange.keep_alive = head.flag(head_flag::keep_alive);
    exchange.started_ns = client.request_started_ns;
    client.request_started_ns = client.in.empty() ? 0 : now_ns_;
    exchange.request_bytes = parsed.consumed;
    exchange.body = parsed.body;
    exchange.body_complete = parsed.body == http1::Body::none;
    if (!exchange.body_complete) {
        exchange.expects_continue = head.flag(head_flag::expect_continue);
        if (parsed.body == http1::Body::length) {
            exchange.body_left = head.content_length();
        } else {
            http1::ChunkLimits chunk_limits;
            chunk_limits.trailer_bytes_max = limits.trailer_bytes_max;
            exchange.trailers = arena_.allocate(static_cast<std::uint32_t>(http1::kept_trailer_bytes(chunk_limits)));
            exchange.chunks = http1::ChunkDecoder(arena_.span(exchange.trailers.offset, exchange.trailers.capacity), chunk_limits);
        }
    }
    if (limits.exchanges_per_connection_max != 0 && client.exchanges >= limits.exchanges_per_connection_max) {
        exchange.close_after = true;
        count(counter::exchanges_limit_total);
    }
    exchange.zone = tables_->zones.find(head.host());
    count(counter::exchanges_total);
    begin_slot(exchange);
    std::int32_t* event = new_event(event_kind::request, exchange);
    if (event == nullptr) {
        // read_head has looked: there is room.
        fail_exchange(exchange, 503, reason::memory, outcome::refused);
        return;
    }
    look_up(exchange, event);
}

/// The whole answer to what never becomes an exchange, with the next ray id; `more` are further field lines. In `build_`.
std::span<const std::uint8_t> Engine::refusal_bytes(std::int32_t status, std::int32_t why, std::string_view more,
                                                    bool head_only) noexcept {
    std::uint8_t text[256];
    const OwnBody body = own_body(*tables_, Pages::every_zone, status, why, next_ray_, text);
    ByteSink out(build_.data(), build_.size());
    write_status_line(out, status);
    write_date(out, now_s_);
    if (tables_->server_field != ServerField::remove) out.put(server_line);
    out.put("via: 1.1 parapet\r\nparapet-ray: ");
    out.hex16(next_ray_);
    out.put("\r\nconnection: close\r\n");
    out.put(more);
    out.put("cache-control: no-store\r\ncontent-type: ");
    out.put(body.type);
    out.put("\r\ncontent-length: ");
    out.decimal(body.bytes.size());
    out.put("\r\n\r\n");
    if (!head_only) out.put(body.bytes);
    return out.written();
}

/// What is sent once and never again has to find room in the kernel: a page may be larger than a new socket's buffer.
void Engine::make_room(int fd, std::size_t bytes) noexcept {
    constexpr int usual = 8 << 10;
    const int wanted = static_cast<int>(bytes) * 2;
    if (wanted > usual) (void)::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
}

/// Answers a head that cannot become an exchange, records it, and closes.
void Engine::refuse_head(Client& client, const http1::ParseResult& parsed, std::uint32_t raw_offset,
                         std::uint32_t table_offset) noexcept {
    count(counter::exchanges_total);
    count(counter::refused_total);
    HeadTable head;
    if (table_offset != 0) {
        arena_.words(table_offset)[head_word::raw_offset] = static_cast<std::int32_t>(raw_offset);
        head = HeadTable(arena_.base(), table_offset);
    }
    const auto out = refusal_bytes(parsed.status, parsed.reason, {}, head && head.method() == "HEAD");
    make_room(client.fd, out.size());
    if (client.request_started_ns == 0) client.request_started_ns = now_ns_;
    record_refused(client, parsed.status, parsed.reason, client.in.size(), out.size(), head);
    send_last(client, out);
    count(counter::bytes_out_total, out.size());
    count(counter::responses_4xx_total + (parsed.status >= 500 ? 1 : 0));
    linger(client);
}

}  // namespace parapet
