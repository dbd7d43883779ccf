// Output to clients. The frame of the log record is prepared before the last bytes of a response reach the kernel and committed
// after, so a response that a client received whole has its record whatever happens to the process.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "engine.h"

namespace parapet {

namespace {

constexpr std::size_t pieces_max = 18;

std::size_t total_of(std::span<const iovec> pieces) noexcept {
    std::size_t total = 0;
    for (const iovec& piece : pieces) total += piece.iov_len;
    return total;
}

/// Sends. At least 0: bytes that the kernel took (0 when it is full); -1: the connection failed.
ssize_t transmit(int fd, std::span<iovec> pieces) noexcept {
    for (;;) {
        ssize_t n = 0;
        if (pieces.size() == 1) {
            n = ::send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
        } else {
            msghdr message{};
            message.msg_iov = pieces.data();
            message.msg_iovlen = pieces.size();
            n = ::sendmsg(fd, &message, MSG_NOSIGNAL);
        }
        if (n >= 0) return n;
        if (errno == EINTR) continue;
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    }
}

iovec piece_of(std::span<const std::uint8_t> bytes) noexcept { return {const_cast<std::uint8_t*>(bytes.data()), bytes.size()}; }
iovec piece_of(std::string_view text) noexcept { return {const_cast<char*>(text.data()), text.size()}; }

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

/// Sends, or keeps what the kernel does not take. `final`: these are the last bytes of the response.
Engine::Sent Engine::send_pieces(Exchange& exchange, std::span<iovec> pieces, bool final) noexcept {
    Client& client = *exchange.client;
    if (client.tls) return send_sealed(exchange, pieces, final);
    const std::size_t total = total_of(pieces);
    if (exchange.first_byte_ns == 0) exchange.first_byte_ns = now_ns_;
    std::size_t sent = 0;
    if (client.out.empty()) {
        exchange.sent_bytes += total;
        if (final) prepare_record(exchange);
        const ssize_t n = total == 0 ? 0 : transmit(client.fd, pieces);
        if (n == static_cast<ssize_t>(total)) {
            count(counter::bytes_out_total, total);
            if (final) {
                commit_record(exchange);
                finish_response(exchange);
            }
            return Sent::all;
        }
        if (final) rollback_record(exchange);
        if (n < 0) {
            exchange.sent_bytes -= total;
            client_gone(client, reason::client_reset);
            return Sent::gone;
        }
        sent = static_cast<std::size_t>(n);
        exchange.sent_bytes -= total - sent;
        count(counter::bytes_out_total, sent);
    }
    for (const iovec& piece : pieces) {
        const std::size_t skip = std::min(sent, piece.iov_len);
        sent -= skip;
        const auto* at = static_cast<const std::uint8_t*>(piece.iov_base) + skip;
        if (!append(client.out, {at, piece.iov_len - skip}, 1u << Arena::slab_largest_log2)) {
            exchange.outcome = outcome::internal_error;
            truncate_response(exchange, outcome::internal_error, reason::memory);
            return Sent::gone;
        }
    }
    exchange.final_pending = exchange.final_pending || final;
    set_client_timer(client, ClientTimer::write, exchange.tables->timeouts.write_ms);
    return Sent::blocked;
}

/// The client's socket takes bytes again.
void Engine::flush_client(Client& client) noexcept {
    Exchange& exchange = *client.exchange;
    if (!client.out.empty()) {
        const std::uint32_t size = client.out.size();
        const bool final = exchange.final_pending;
        // What is sealed counts by what was sealed.
        const std::uint64_t plain = client.tls ? client.tls->sealed : size;
        exchange.sent_bytes += plain;
        if (final) prepare_record(exchange);
        iovec piece = piece_of(std::span<const std::uint8_t>(bytes_of(client.out)));
        const ssize_t n = transmit(client.fd, {&piece, 1});
        if (n < static_cast<ssize_t>(size)) {
            if (final) rollback_record(exchange);
            const std::uint64_t done = std::min(plain, static_cast<std::uint64_t>(n < 0 ? 0 : n));
            exchange.sent_bytes -= plain - done;
            if (client.tls) client.tls->sealed -= done;
            if (n < 0) {
                client_gone(client, reason::client_reset);
                return;
            }
            count(counter::bytes_out_total, static_cast<std::uint64_t>(n));
            if (n > 0) {
                consume(client.out, static_cast<std::uint32_t>(n));
                set_client_timer(client, ClientTimer::write, exchange.tables->timeouts.write_ms);
            }
            return;
        }
        count(counter::bytes_out_total, size);
        drop(client.out);
        if (client.tls) client.tls->sealed = 0;
        if (final) {
            commit_record(exchange);
            finish_response(exchange);
            return;
        }
    }
    set_client_timer(client, ClientTimer::none, 0);
    if (exchange.phase != Phase::respond) return;
    if (exchange.from_store) {
        pump_reader(exchange);
    } else if (exchange.origin != nullptr && exchange.origin->paused) {
        exchange.origin->paused = false;
        pump_download(*exchange.origin);
    }
}

/// One gathered write of a head (may be empty) and body bytes of the store, with Framing::length. True: the response goes on and
/// the kernel has room.
bool Engine::send_from_reader(Exchange& exchange, std::span<const std::uint8_t> head) noexcept {
    Client& client = *exchange.client;
    store::Bytes bodies[pieces_max - 1];
    std::size_t count_of = 0;
    store::ReadState state = store::ReadState::end;
    if (exchange.out_left > 0) state = exchange.reader.gather(bodies, count_of);
    if (count_of == 0 && head.empty()) {
        if (state == store::ReadState::wait) {
            wait_on_entry(exchange, exchange.reader.object().index);
        } else if (state == store::ReadState::end && exchange.slices) {
            next_slice(exchange);
        } else {
            truncate_response(exchange, outcome::origin_aborted, reason::origin_truncated);
        }
        return false;
    }
    iovec pieces[pieces_max];
    std::size_t used = 0;
    if (!head.empty()) pieces[used++] = piece_of(head);
    std::uint64_t left = exchange.out_left;
    std::uint64_t room = client.tls ? seal_bytes_max : left;
    for (std::size_t i = 0; i < count_of && left > 0 && room > 0; ++i) {
        const std::size_t take = static_cast<std::size_t>(std::min<std::uint64_t>({left, room, bodies[i].size()}));
        pieces[used++] = piece_of(bodies[i].first(take));
        left -= take;
        room -= take;
    }
    const bool final = left == 0;
    const std::uint64_t body_bytes = exchange.out_left - left;
    const std::uint64_t total = head.size() + body_bytes;
    if (exchange.first_byte_ns == 0) exchange.first_byte_ns = now_ns_;
    if (client.tls) {
        if (!seal(*client.tls, {pieces, used})) {
            client_gone(client, reason::client_reset);
            return false;
        }
        // Sealed bytes cannot be taken back: the reader has moved on, whatever the kernel takes of them now.
        exchange.sent_body_bytes += body_bytes;
        exchange.out_left = left;
        if (body_bytes > 0) exchange.reader.advance(body_bytes);
        return push_sealed(exchange, total, final) == Sent::all && !final;
    }
    exchange.sent_bytes += total;
    exchange.sent_body_bytes += body_bytes;
    if (final) prepare_record(exchange);
    const ssize_t n = transmit(client.fd, {pieces, used});
    if (n == static_cast<ssize_t>(total)) {
        count(counter::bytes_out_total, total);
        exchange.out_left = left;
        if (body_bytes > 0) exchange.reader.advance(body_bytes);
        if (!final) return true;
        commit_record(exchange);
        finish_response(exchange);
        return false;
    }
    if (final) rollback_record(exchange);
    const std::uint64_t sent = n < 0 ? 0 : static_cast<std::uint64_t>(n);
    exchange.sent_bytes -= total - sent;
    if (n < 0) {
        exchange.sent_body_bytes -= body_bytes;
        client_gone(client, reason::client_reset);
        return false;
    }
    count(counter::bytes_out_total, sent);
    const std::uint64_t body_sent = sent > head.size() ? sent - head.size() : 0;
    exchange.sent_body_bytes -= body_bytes - body_sent;
    exchange.out_left -= body_sent;
    if (body_sent > 0) exchange.reader.advance(body_sent);
    if (sent < head.size() && !append(client.out, head.subspan(static_cast<std::size_t>(sent)), 1u << Arena::slab_largest_log2)) {
        truncate_response(exchange, outcome::internal_error, reason::memory);
        return false;
    }
    set_client_timer(client, ClientTimer::write, exchange.tables->timeouts.write_ms);
    return false;
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
