// Input of clients: heads are parsed where they were received, bodies flow on to the origin as fast as it takes them.
#include <sys/socket.h>
#include <unistd.h>

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

void Engine::pump_upload(Exchange& exchange) noexcept {
    Client& client = *exchange.client;
    for (int budget = 8; !exchange.body_complete; --budget) {
        if (exchange.origin == nullptr || exchange.origin->connecting || exchange.origin->handshaking) return;
        if (!exchange.origin->out.empty()) {
            // The origin is behind: what the client sends stays in the kernel.
            set_client_timer(client, ClientTimer::none, 0);
            return;
        }
        std::uint32_t used = 0;
        Upload state = Upload::more;
        const std::uint32_t generation = exchange.generation;
        if (!client.in.empty()) {
            state = upload_bytes(exchange, bytes_of(client.in), used);
            if (exchange.generation != generation || exchange.client != &client) return;
            consume(client.in, used);
        } else {
            if (!client.readable) {
                if (client.timer_use != ClientTimer::write) set_client_timer(client, ClientTimer::body, exchange.tables->timeouts.body_ms);
                return;
            }
            if (budget <= 0 || arena_.scratch_free() < body_read_bytes) {
                client_again(client);
                return;
            }
            // Scratch bytes are used up before this function goes on, so they need not be taken.
            const std::span<std::uint8_t> at = arena_.span(arena_.scratch_at(), body_read_bytes);
            const int n = receive(client, at);
            if (n == -1) {
                client.readable = false;
                continue;
            }
            if (n <= 0) {
                client.ended = true;
                client_gone(client, reason::client_reset);
                return;
            }
            count(counter::bytes_in_total, static_cast<std::uint64_t>(n));
            state = upload_bytes(exchange, at.first(static_cast<std::size_t>(n)), used);
            if (exchange.generation != generation || exchange.client != &client) return;
            if (used < static_cast<std::uint32_t>(n) &&
                !append(client.in, at.subspan(used, static_cast<std::size_t>(n) - used), tables_->limits.pipeline_bytes_max + body_read_bytes)) {
                exchange.close_after = true;
            }
        }
        if (state == Upload::failed) return;
        if (state == Upload::done) {
            set_client_timer(client, ClientTimer::none, 0);
            if (client.exchange == &exchange && exchange.phase == Phase::respond && client.timer_use == ClientTimer::none &&
                !client.out.empty()) {
                set_client_timer(client, ClientTimer::write, exchange.tables->timeouts.write_ms);
            }
            return;
        }
    }
}

/// Hands body bytes to the origin; `used` of them are done with. What the origin does not take at once waits in its buffer.
Engine::Upload Engine::upload_bytes(Exchange& exchange, std::span<const std::uint8_t> in, std::uint32_t& used) noexcept {
    Origin& origin = *exchange.origin;
    used = 0;
    const std::uint64_t before = exchange.body_received;
    iovec piece{};
    if (exchange.body == http1::Body::length) {
        const std::size_t take = static_cast<std::size_t>(std::min<std::uint64_t>(exchange.body_left, in.size()));
        piece = {const_cast<std::uint8_t*>(in.data()), take};
        exchange.body_left -= take;
        exchange.body_received += take;
        used = static_cast<std::uint32_t>(take);
        exchange.body_complete = exchange.body_left == 0;
    } else {
        ByteSink out(recode_.data(), recode_.size());
        while (used < in.size() || exchange.body_received == before) {
            const http1::ChunkStep step = exchange.chunks.feed(in.subspan(used));
            used += step.consumed;
            if (step.event == http1::ChunkEvent::need_more) break;
            if (step.event == http1::ChunkEvent::error) {
                fail_upload(exchange, step.status, step.reason, outcome::refused);
                return Upload::failed;
            }
            if (step.event == http1::ChunkEvent::end) {
                out.put("0\r\n");
                out.put(exchange.chunks.trailers());
                out.put("\r\n");
                exchange.body_complete = true;
                break;
            }
            exchange.body_received += step.data.size();
            out.hex(step.data.size());
            out.put("\r\n");
            out.put(step.data);
            out.put("\r\n");
        }
        // What a chunk announces counts already: nobody has to wait for the bytes.
        const std::uint64_t announced = exchange.body_complete ? 0 : exchange.chunks.chunk_remaining();
        if (exchange.body_received + announced > exchange.tables->limits.body_bytes_max) {
            fail_upload(exchange, 413, reason::body_too_large, outcome::refused);
            return Upload::failed;
        }
        if (out.overflow()) {
            fail_upload(exchange, 500, reason::memory, outcome::internal_error);
            return Upload::failed;
        }
        piece = {recode_.data(), out.size()};
    }
    exchange.request_bytes += used;
    if (piece.iov_len > 0) {
        exchange.body_touched = true;
        const std::uint32_t generation = exchange.generation;
        if (!origin_send(origin, {&piece, 1})) return Upload::failed;
        if (exchange.generation != generation || exchange.origin == nullptr) return Upload::failed;
    }
    if (exchange.body_complete) {
        if (exchange.origin->out.empty() && !exchange.origin->head_done) {
            exchange.origin_sent_ns = now_ns_;
            await_response(*exchange.origin);
        }
        return Upload::done;
    }
    return exchange.origin->out.empty() ? Upload::more : Upload::blocked;
}

/// Reads what is left of a request body that nobody wants, as far as it is there already; the rest costs the connection.
void Engine::discard_body(Exchange& exchange) noexcept {
    Client& client = *exchange.client;
    for (int budget = 4; !exchange.body_complete && budget > 0; --budget) {
        std::span<const std::uint8_t> in;
        bool buffered = true;
        if (!client.in.empty()) {
            in = bytes_of(client.in);
        } else {
            buffered = false;
            if (!client.readable || exchange.expects_continue) break;
            const int n = receive(client, {recode_.data(), body_read_bytes});
            if (n == -1) client.readable = false;
            if (n <= 0) break;
            in = {recode_.data(), static_cast<std::size_t>(n)};
        }
        std::uint32_t used = 0;
        if (exchange.body == http1::Body::length) {
            used = static_cast<std::uint32_t>(std::min<std::uint64_t>(exchange.body_left, in.size()));
            exchange.body_left -= used;
            exchange.body_complete = exchange.body_left == 0;
        } else {
            for (;;) {
                const http1::ChunkStep step = exchange.chunks.feed(in.subspan(used));
                used += step.consumed;
                if (step.event == http1::ChunkEvent::end) exchange.body_complete = true;
                if (step.event == http1::ChunkEvent::error) budget = 0;
                if (step.event != http1::ChunkEvent::data) break;
            }
        }
        exchange.request_bytes += used;
        if (buffered) {
            consume(client.in, used);
        } else if (used < in.size() && !append(client.in, in.subspan(used), 1u << 20)) {
            break;
        }
    }
    if (!exchange.body_complete) exchange.close_after = true;
}

/// The request body went wrong: the fetch is given up; the client gets an answer if none has begun.
void Engine::fail_upload(Exchange& exchange, std::int32_t status, std::int32_t why, std::int32_t outcome_code) noexcept {
    abandon_fetch(exchange);
    exchange.close_after = true;
    if (exchange.head_sent) {
        truncate_response(exchange, outcome_code, why);
        return;
    }
    if (outcome_code == outcome::refused) count(counter::refused_total);
    fail_exchange(exchange, status, why, outcome_code);
}

/// The client's connection failed or ended too early.
void Engine::client_gone(Client& client, std::int32_t why) noexcept {
    if (Exchange* exchange = client.exchange) {
        if (!exchange->recorded) {
            exchange->outcome = outcome::client_aborted;
            exchange->reason = why;
            record_now(*exchange);
        }
        detach_client(*exchange);
    }
    close_client(client);
}

void Engine::close_client(Client& client) noexcept {
    if (client.closed) return;
    if (client.exchange != nullptr) {
        Exchange& exchange = *client.exchange;
        if (!exchange.recorded) {
            exchange.outcome = outcome::client_aborted;
            exchange.reason = reason::client_reset;
            record_now(exchange);
        }
        detach_client(exchange);
    }
    client.closed = true;
    leave_handshake(client);
    client.tls.reset();
    drop(client.cipher);
    ::close(client.fd);
    client.fd = -1;
    wheel_.remove(client.timer);
    drop(client.in);
    drop(client.out);
    client.previous->next = client.next;
    client.next->previous = client.previous;
    Process& process = Process::get();
    process.addresses.leave(client.peer);
    process.connections.fetch_sub(1, std::memory_order_relaxed);
    --open_clients_;
    uncount(counter::connections_open);
    dead_clients_.push_back(&client);
}

/// Nothing more will be sent: waits for the client's end, so that what it still sends cannot turn the close into a reset that
/// destroys the response (RFC 9112 9.6).
void Engine::linger(Client& client) noexcept {
    if (client.closed) return;
    goodbye(client);
    drop(client.in);
    drop(client.out);
    client.scan = {};
    ::shutdown(client.fd, SHUT_WR);
    client.lingering = true;
    client.readable = true;
    set_client_timer(client, ClientTimer::linger, tables_->timeouts.linger_ms);
    client_input(client);
}

/// The connection is free for its next request.
void Engine::next_request(Client& client) noexcept {
    client.exchange = nullptr;
    if (draining_) {
        linger(client);
        return;
    }
    set_client_timer(client, ClientTimer::idle, tables_->timeouts.idle_ms);
    if (!client.in.empty() || client.readable) client_again(client);
}

}  // namespace parapet
