// Bodies of requests: they flow on to the origin as fast as it takes them; what nobody wants is read and thrown away.
#include <algorithm>

#include "engine.h"

namespace parapet {

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
        } else if (used < in.size() && !append(client.in, in.subspan(used), held_bytes_max)) {
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

}  // namespace parapet
