// Responses: how their heads end, bodies from memory and from the store, and what becomes of the connection behind them.
#include <sys/socket.h>

#include <algorithm>

#include "engine.h"
#include "pieces.h"

namespace parapet {

namespace {

/// Whether a response with this status to this method has no body (RFC 9110 6.4.1).
bool bodyless(std::int32_t method, std::int32_t status) noexcept {
    return method == method_id::head || status == 204 || status == 304 || (status >= 100 && status < 200);
}

}  // namespace

/// Ends a response head: framing, Via, ray, Connection, the empty line. Decides whether the connection stays.
void Engine::finish_head(Exchange& exchange, ByteSink& out, bool has_body_length, std::uint64_t body_length) noexcept {
    const bool none = bodyless(exchange.method, exchange.status);
    if (!exchange.body_complete && exchange.origin == nullptr) discard_body(exchange);
    if (none) {
        exchange.framing = Framing::none;
        exchange.out_left = 0;
        if (exchange.method == method_id::head && has_body_length && exchange.status != 204 && exchange.status != 304) {
            out.put("content-length: ");
            out.decimal(body_length);
            out.put("\r\n");
        }
    } else if (has_body_length) {
        exchange.framing = Framing::length;
        exchange.out_left = body_length;
        out.put("content-length: ");
        out.decimal(body_length);
        out.put("\r\n");
    } else if (exchange.http10) {
        exchange.framing = Framing::close;
        exchange.close_after = true;
    } else {
        exchange.framing = Framing::chunked;
        out.put("transfer-encoding: chunked\r\n");
    }
    out.put("via: 1.1 parapet\r\nparapet-ray: ");
    out.hex16(exchange.ray);
    if (!exchange.keep_alive || draining_) exchange.close_after = true;
    if (exchange.close_after) {
        out.put("\r\nconnection: close\r\n\r\n");
    } else if (exchange.http10) {
        out.put("\r\nconnection: keep-alive\r\n\r\n");
    } else {
        out.put("\r\n\r\n");
    }
    exchange.head_sent = true;
    exchange.phase = Phase::respond;
}

/// Server, as the config has it: `own` is an answer that no origin has given. An edit of the policy goes before it.
void Engine::write_server(const Exchange& exchange, ByteSink& out, bool own) noexcept {
    const ServerField wanted = exchange.tables->server_field;
    if (wanted == ServerField::remove || (wanted == ServerField::pass && !own)) return;
    if (edits_.empty() || !edits_.mentions(known::server)) out.put(server_line);
}

/// A whole response from memory: prebuilt by the policy, or the engine's own, then with a `type`.
void Engine::respond_bytes(Exchange& exchange, std::int32_t status, const Edits& edits, std::span<const std::uint8_t> body,
                           std::string_view type) noexcept {
    exchange.status = status;
    ByteSink out(build_.data(), build_.size());
    write_status_line(out, status);
    if (!edits.gives(known::date)) write_date(out, now_s_);
    if (!type.empty()) {
        out.put("content-type: ");
        out.put(type);
        out.put("\r\ncache-control: no-store\r\n");
    } else {
        type = edits.value_of(known::content_type);
    }
    edits.write_added(out, known::content_length);
    if (type.data() != nullptr) {
        exchange.content_type = {exchange.noted, std::min(type.size(), sizeof exchange.noted)};
        if (!type.empty()) std::memcpy(exchange.noted, type.data(), exchange.content_type.size());
    }
    write_server(exchange, out, true);
    finish_head(exchange, out, true, body.size());
    if (out.overflow()) {
        exchange.outcome = outcome::internal_error;
        truncate_response(exchange, outcome::internal_error, reason::memory);
        return;
    }
    iovec pieces[2] = {piece_of(out.written()), piece_of(body)};
    const std::size_t count_of = exchange.framing == Framing::length && !body.empty() ? 2 : 1;
    if (count_of == 2) exchange.sent_body_bytes += body.size();
    (void)send_pieces(exchange, {pieces, count_of}, true);
}

/// Moves body bytes from the store to the client until one of the two has to wait.
void Engine::pump_reader(Exchange& exchange) noexcept {
    if (exchange.multipart) {
        pump_parts(exchange);
        return;
    }
    const std::uint32_t generation = exchange.generation;
    for (int budget = 8; budget > 0; --budget) {
        if (exchange.phase != Phase::respond || exchange.generation != generation || exchange.client == nullptr) return;
        if (!exchange.client->out.empty()) return;
        if (exchange.framing == Framing::length) {
            if (!send_from_reader(exchange, {})) return;
            continue;
        }
        store::Bytes body;
        const store::ReadState state = exchange.reader.next(body);
        if (state == store::ReadState::wait) {
            wait_on_entry(exchange, exchange.reader.object().index);
            return;
        }
        if (state == store::ReadState::aborted) {
            truncate_response(exchange, outcome::origin_aborted, reason::origin_truncated);
            return;
        }
        if (state == store::ReadState::end) {
            (void)deliver(exchange, {}, true, {});
            return;
        }
        const auto part = body.first(std::min<std::size_t>(body.size(), body_read_bytes));
        const Sent sent = deliver(exchange, part, false, {});
        if (sent == Sent::gone || exchange.generation != generation) return;
        exchange.reader.advance(part.size());
    }
    client_again(*exchange.client);
}

/// Body bytes that are in memory now, in the framing of the response, behind its head where that has not been sent.
Engine::Sent Engine::deliver(Exchange& exchange, std::span<const std::uint8_t> data, bool final,
                             std::span<const std::uint8_t> trailers, std::span<const std::uint8_t> head) noexcept {
    iovec pieces[7];
    std::size_t used = 0;
    if (!head.empty()) pieces[used++] = piece_of(head);
    std::uint8_t size_line[20];
    ByteSink size_sink(size_line, sizeof size_line);
    if (exchange.framing == Framing::chunked) {
        if (!data.empty()) {
            size_sink.hex(data.size());
            size_sink.put("\r\n");
            pieces[used++] = piece_of(size_sink.written());
            pieces[used++] = piece_of(data);
            if (!final) pieces[used++] = piece_of(std::string_view("\r\n"));
        }
        if (final) {
            pieces[used++] = piece_of(data.empty() ? std::string_view("0\r\n") : std::string_view("\r\n0\r\n"));
            if (!trailers.empty()) pieces[used++] = piece_of(trailers);
            pieces[used++] = piece_of(std::string_view("\r\n"));
        }
    } else if (exchange.framing != Framing::none && !data.empty()) {
        pieces[used++] = piece_of(data);
        if (exchange.framing == Framing::length) exchange.out_left -= std::min<std::uint64_t>(exchange.out_left, data.size());
    }
    if (used == 0 && !final) return Sent::all;
    if (exchange.framing != Framing::none) exchange.sent_body_bytes += data.size();
    return send_pieces(exchange, {pieces, used}, final);
}

/// The last byte is with the kernel and the record is committed.
void Engine::finish_response(Exchange& exchange) noexcept {
    Client& client = *exchange.client;
    // An origin that is still sending to nobody, or a client that is still sending for nobody.
    if (!exchange.body_complete) {
        discard_body(exchange);
        if (exchange.origin != nullptr) close_origin(*exchange.origin);
    }
    const bool close = exchange.close_after;
    exchange.client = nullptr;
    client.exchange = nullptr;
    if (exchange.fill && exchange.origin != nullptr && !exchange.origin->response_done) {
        detach_client(exchange);
    } else {
        if (exchange.origin != nullptr) abandon_fetch(exchange);
        end_exchange(exchange);
    }
    if (close) {
        linger(client);
    } else {
        next_request(client);
    }
}

/// The response cannot be completed: the record says so, and the client sees a connection that ends too early.
void Engine::truncate_response(Exchange& exchange, std::int32_t outcome_code, std::int32_t why) noexcept {
    Client* client = exchange.client;
    if (!exchange.recorded) {
        exchange.outcome = outcome_code;
        exchange.reason = why;
        record_now(exchange);
    }
    const bool by_close = exchange.framing == Framing::close;
    exchange.client = nullptr;
    if (client != nullptr) client->exchange = nullptr;
    if (exchange.fill && exchange.origin != nullptr && outcome_code != outcome::origin_aborted) {
        detach_client(exchange);
    } else {
        abandon_fetch(exchange);
        end_exchange(exchange);
    }
    if (client == nullptr) return;
    if (by_close) {
        // Only a reset tells a truncated close-delimited body from a whole one.
        const ::linger hard{1, 0};
        (void)::setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    close_client(*client);
}

/// An interim response, ahead of the head.
void Engine::send_interim(Exchange& exchange, std::span<const std::uint8_t> bytes) noexcept {
    if (exchange.client == nullptr || exchange.http10) return;
    iovec piece = piece_of(bytes);
    const std::uint64_t first_byte = exchange.first_byte_ns;
    (void)send_pieces(exchange, {&piece, 1}, false);
    exchange.first_byte_ns = first_byte;
}

}  // namespace parapet
