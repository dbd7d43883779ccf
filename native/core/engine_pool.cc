// Connections to origins: limits that hold over all workers, the queue for one, connecting to the first address that answers
// (RFC 8305), and what becomes of a connection that is free.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine.h"
#include "net.h"

namespace parapet {

namespace {

bool try_reserve(ServerCounts& counts, std::uint32_t max) noexcept {
    std::uint32_t open = counts.open.load(std::memory_order_relaxed);
    while (max == 0 || open < max) {
        if (counts.open.compare_exchange_weak(open, open + 1)) return true;
    }
    return false;
}

/// What RFC 9209 calls the failure of a connect.
std::int32_t connect_cause(int error) noexcept {
    switch (error) {
        case ECONNREFUSED: return fail_cause::connection_refused;
        case ECONNRESET:
        case EPIPE: return fail_cause::connection_terminated;
        case ETIMEDOUT: return fail_cause::connection_timeout;
        case ENETUNREACH:
        case EHOSTUNREACH: return fail_cause::ip_unroutable;
        case EMFILE:
        case ENFILE: return fail_cause::connection_limit_reached;
        default: return fail_cause::destination_unavailable;
    }
}

}  // namespace

Pool* Engine::pool(std::uint32_t server) noexcept { return server < pools_.size() ? pools_[server].get() : nullptr; }

/// Finds a connection for the exchange's request: an idle one unless `fresh`, a new one, or a place in the queue.
void Engine::acquire(Exchange& exchange, bool fresh) noexcept {
    Pool& from = *pool(exchange.server);
    if (!fresh) {
        while (!from.idle.empty()) {
            Origin& origin = *from.idle.back();
            from.idle.pop_back();
            origin.idle = false;
            uncount(counter::origin_connections_idle);
            origin.reused = true;
            give(exchange, origin);
            return;
        }
    }
    if (from.server.addresses.empty()) {
        fetch_failed(exchange, fail_cause::dns_error, fetch_stage::none);
        return;
    }
    if (try_reserve(*from.counts, from.server.connections_max)) {
        (void)open_connection(exchange);
        return;
    }
    enqueue(from, exchange);
}

void Engine::enqueue(Pool& to, Exchange& exchange) noexcept {
    if (to.counts->waiting.fetch_add(1) >= to.server.queue_max) {
        to.counts->waiting.fetch_sub(1);
        count(counter::origin_queue_full_total);
        fetch_failed(exchange, fail_cause::connection_limit_reached, fetch_stage::queued);
        return;
    }
    exchange.phase = Phase::queued;
    exchange.queued = true;
    exchange.queue_next = nullptr;
    (to.queue_last != nullptr ? to.queue_last->queue_next : to.queue_first) = &exchange;
    to.queue_last = &exchange;
    ++to.queued;
    count(counter::origin_queue);
    exchange.timer_use = Exchange::TimerUse::queue;
    arm(exchange.timer, to.server.queue_ms);
    // A connection may have come free between the attempt and the entry; and an idle one of another worker can make room.
    if (try_reserve(*to.counts, to.server.connections_max)) {
        to.counts->open.fetch_sub(1);
        serve_queue(to);
    } else if (options_.workers > 1) {
        Process::get().post_to_others(options_.worker_index, {Message::Kind::server_wanted, exchange.server, 0});
    }
}

void Engine::dequeue(Exchange& exchange) noexcept {
    if (!exchange.queued) return;
    Pool& from = *pool(exchange.server);
    Exchange* before = nullptr;
    for (Exchange* at = from.queue_first; at != nullptr; before = at, at = at->queue_next) {
        if (at != &exchange) continue;
        (before != nullptr ? before->queue_next : from.queue_first) = at->queue_next;
        if (from.queue_last == at) from.queue_last = before;
        break;
    }
    exchange.queued = false;
    exchange.queue_next = nullptr;
    exchange.timer_use = Exchange::TimerUse::none;
    --from.queued;
    uncount(counter::origin_queue);
    from.counts->waiting.fetch_sub(1);
}

void Engine::serve_queue(Pool& to) noexcept {
    while (to.queue_first != nullptr) {
        Exchange& exchange = *to.queue_first;
        if (!to.idle.empty()) {
            dequeue(exchange);
            acquire(exchange, false);
        } else if (!to.server.addresses.empty() && try_reserve(*to.counts, to.server.connections_max)) {
            dequeue(exchange);
            (void)open_connection(exchange);
        } else {
            return;
        }
    }
}

/// Begins to connect; a connection is set aside for the exchange already.
bool Engine::open_connection(Exchange& exchange) noexcept {
    Pool& from = *pool(exchange.server);
    exchange.reserved = true;
    exchange.phase = Phase::fetch;
    exchange.connecting = 0;
    exchange.next_address = 0;
    exchange.connect_cause = fail_cause::destination_unavailable;
    exchange.connect_deadline_ms = now_ms_ + from.server.connect_ms;
    if (exchange.origin_asked_ns == 0) exchange.origin_asked_ns = now_ns_;
    attempt(exchange);
    return exchange.phase == Phase::fetch;
}

/// Tries the next address, beside the attempts that have not answered yet.
void Engine::attempt(Exchange& exchange) noexcept {
    Pool& from = *pool(exchange.server);
    while (exchange.next_address < from.server.addresses.size() && now_ms_ < exchange.connect_deadline_ms) {
        const Address address = from.server.addresses[exchange.next_address++];
        bool done = false;
        const int fd = net::connect_to(address, done);
        if (fd < 0) {
            exchange.connect_cause = connect_cause(-fd);
            continue;
        }
        auto* origin = new Origin;
        origin->fd = fd;
        origin->pool = &from;
        origin->exchange = &exchange;
        origin->address = address;
        origin->connecting = true;
        origin->timer.owner = Deadline::Owner::origin;
        origin->timer.of = origin;
        origin->previous = origins_.previous;
        origin->next = &origins_;
        origins_.previous->next = origin;
        origins_.previous = origin;
        count(counter::origin_connections_opened_total);
        count(counter::origin_connections_open);
        ++exchange.connecting;
        if (!watch_fd(fd, *origin)) {
            attempt_failed(*origin, fail_cause::internal_error);
            return;
        }
        const bool more = exchange.next_address < from.server.addresses.size();
        const std::uint64_t left = exchange.connect_deadline_ms - now_ms_;
        exchange.timer_use = more ? Exchange::TimerUse::attempt : Exchange::TimerUse::connect;
        arm(exchange.timer, more ? std::min<std::uint64_t>(left, from.server.attempt_delay_ms) : left);
        return;
    }
    if (exchange.connecting > 0) {
        if (now_ms_ >= exchange.connect_deadline_ms) {
            close_attempts(exchange, nullptr);
            fetch_failed(exchange, fail_cause::connection_timeout, fetch_stage::connecting);
        }
        return;
    }
    exchange.timer_use = Exchange::TimerUse::none;
    fetch_failed(exchange, exchange.connect_cause, fetch_stage::connecting);
}

/// epoll tells of a socket that connects. False: the connection does not stand, or has failed again.
bool Engine::connect_answered(Origin& origin, std::uint32_t events) noexcept {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return false;
    const int error = net::pending_error(origin.fd);
    if (error != 0) {
        attempt_failed(origin, connect_cause(error));
        return false;
    }
    if ((events & EPOLLOUT) == 0) return false;
    origin_connected(origin);
    return !origin.closed;
}

void Engine::attempt_failed(Origin& origin, std::int32_t cause) noexcept {
    Exchange& exchange = *origin.exchange;
    exchange.connect_cause = cause;
    --exchange.connecting;
    origin.exchange = nullptr;
    close_origin(origin);
    // The next address at once; where there is none, the other attempts decide.
    if (exchange.next_address < pool(exchange.server)->server.addresses.size() || exchange.connecting == 0) attempt(exchange);
}

void Engine::close_attempts(Exchange& exchange, const Origin* keep) noexcept {
    if (exchange.connecting == 0) return;
    for (Origin* origin = origins_.next; origin != &origins_;) {
        Origin* next = origin->next;
        if (origin->exchange == &exchange && origin->connecting && origin != keep) {
            origin->exchange = nullptr;
            close_origin(*origin);
        }
        origin = next;
    }
    exchange.connecting = 0;
}

void Engine::origin_connected(Origin& origin) noexcept {
    Exchange& exchange = *origin.exchange;
    origin.connecting = false;
    --exchange.connecting;
    close_attempts(exchange, &origin);
    exchange.timer_use = Exchange::TimerUse::none;
    exchange.reserved = false;
    origin.counted = true;
    exchange.origin_connect_ns = now_ns_;
    if (origin.pool->server.tls) {
        begin_origin_tls(origin);
        return;
    }
    give(exchange, origin);
}

/// The response has been read whole: the connection goes to the next in the queue, to the pool, or away.
void Engine::release_origin(Origin& origin) noexcept {
    Exchange* exchange = origin.exchange;
    const bool clean = exchange == nullptr || exchange->body_complete;
    if (exchange != nullptr) exchange->origin = nullptr;
    origin.exchange = nullptr;
    arena_.release(origin.head_slab);
    arena_.release(origin.trailers);
    origin.head = 0;
    Pool& to = *origin.pool;
    if (!origin.may_reuse || !clean || !origin.out.empty() || !origin.in.empty() || origin.half_closed || origin.ended ||
        origin.write_failed || to.retired || draining_) {
        close_origin(origin);
        return;
    }
    // Whatever has come behind the response would be taken for the next one. Over TLS it may be a ticket.
    std::uint8_t byte = 0;
    if (origin.readable && receive(origin, {&byte, 1}) != -1) {
        close_origin(origin);
        return;
    }
    if (to.queue_first != nullptr) {
        Exchange& waiting = *to.queue_first;
        dequeue(waiting);
        origin.reused = true;
        give(waiting, origin);
        return;
    }
    const std::uint32_t idle_ms = std::min(to.server.idle_ms, origin.idle_limit_ms);
    if (to.counts->waiting.load() > 0 || to.idle.size() >= to.server.idle_max || idle_ms == 0) {
        // Another worker waits for what this connection counts, the pool is full, or the origin keeps none.
        close_origin(origin);
        return;
    }
    origin.idle = true;
    count(counter::origin_connections_idle);
    to.idle.push_back(&origin);
    set_origin_timer(origin, OriginTimer::idle, idle_ms);
}

void Engine::close_origin(Origin& origin) noexcept {
    if (origin.closed) return;
    origin.closed = true;
    end_origin_tls(origin);
    ::close(origin.fd);
    origin.fd = -1;
    wheel_.remove(origin.timer);
    drop(origin.in);
    drop(origin.out);
    drop(origin.decoded);
    arena_.release(origin.head_slab);
    arena_.release(origin.trailers);
    origin.head = 0;
    origin.early_length = 0;
    if (origin.idle) {
        std::erase(origin.pool->idle, &origin);
        uncount(counter::origin_connections_idle);
        origin.idle = false;
    }
    if (origin.exchange != nullptr && origin.exchange->origin == &origin) origin.exchange->origin = nullptr;
    origin.exchange = nullptr;
    origin.previous->next = origin.next;
    origin.next->previous = origin.previous;
    uncount(counter::origin_connections_open);
    dead_origins_.push_back(&origin);
    if (!origin.counted) return;
    origin.counted = false;
    Pool& from = *origin.pool;
    from.counts->open.fetch_sub(1);
    if (from.queue_first != nullptr) {
        serve_queue(from);
    } else if (from.counts->waiting.load() > 0 && !stopped_) {
        Process::get().post_to_others(options_.worker_index, {Message::Kind::server_free, from.server.id, 0});
    }
}

void Engine::trim_idle(Pool& from) noexcept {
    while (!from.idle.empty()) close_origin(*from.idle.back());
}

}  // namespace parapet
