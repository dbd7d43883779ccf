// Connections of clients: accepted, refused over a limit, and ended so that no answer is lost with them.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "engine.h"
#include "net.h"

namespace parapet {

void Engine::set_listeners(std::span<const ListenerOption> wanted) noexcept {
    for (auto it = listeners_.begin(); it != listeners_.end();) {
        const Listener& listener = **it;
        bool keep = false;
        for (const ListenerOption& option : wanted) keep = keep || (option.fd == listener.fd && option.id == listener.id);
        if (keep) {
            ++it;
            continue;
        }
        // Who has connected already is served: closing the socket would reset them.
        while (accept_from(**it)) {
        }
        if (!(*it)->paused) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, (*it)->fd, nullptr);
        it = listeners_.erase(it);
    }
    for (const ListenerOption& option : wanted) {
        bool known = false;
        for (const auto& listener : listeners_) known = known || (listener->fd == option.fd && listener->id == option.id);
        if (known) continue;
        auto listener = std::make_unique<Listener>();
        listener->id = option.id;
        listener->fd = option.fd;
        listener->local = net::local_address(option.fd);
        if (watch_input(option.fd, *listener)) listeners_.push_back(std::move(listener));
    }
}

/// True: there may be more to accept.
bool Engine::accept_from(Listener& listener) noexcept {
    // Bounded, so that a flood of connections cannot keep the accepted ones waiting; the listener is level-triggered.
    for (int i = 0; i < 64; ++i) {
        Address peer;
        const int fd = net::accept_from(listener.fd, peer);
        if (fd < 0) {
            if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS) pause_accepting();
            return false;
        }
        count(counter::connections_accepted_total);
        const Limits& limits = tables_->limits;
        Process& process = Process::get();
        if (process.connections.load(std::memory_order_relaxed) >= limits.connections_max) {
            refuse_connection(fd, peer, listener, 503, reason::connections_max);
            continue;
        }
        if (!process.addresses.enter(peer, limits.connections_per_address_max)) {
            refuse_connection(fd, peer, listener, 429, reason::connections_per_address);
            continue;
        }
        process.connections.fetch_add(1, std::memory_order_relaxed);
        auto* client = new Client;
        client->fd = fd;
        client->peer = peer;
        client->local = listener.local;
        client->listener = listener.id;
        client->rtt_us = net::round_trip_us(fd);
        client->timer.owner = Deadline::Owner::client;
        client->timer.of = client;
        client->previous = clients_.previous;
        client->next = &clients_;
        clients_.previous->next = client;
        clients_.previous = client;
        ++open_clients_;
        count(counter::connections_open);
        set_client_timer(*client, ClientTimer::idle, tables_->timeouts.idle_ms);
        if (auto tls = tables_->tls_of(listener.id)) begin_tls(*client, std::move(tls));
        if (!client->closed && !watch_fd(fd, *client)) close_client(*client);
    }
    return true;
}

/// Nothing is left to accept with: the listeners are not looked at for a while.
void Engine::pause_accepting() noexcept {
    count(counter::accept_paused_total);
    for (const auto& listener : listeners_) {
        if (listener->paused) continue;
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listener->fd, nullptr);
        listener->paused = true;
    }
    arm(accept_timer_, accept_pause_ms);
}

void Engine::resume_accepting() noexcept {
    for (const auto& listener : listeners_) {
        if (listener->paused && watch_input(listener->fd, *listener)) listener->paused = false;
    }
}

void Engine::refuse_connection(int fd, const Address& peer, const Listener& listener, std::int32_t status,
                               std::int32_t why) noexcept {
    count(counter::connections_refused_total);
    if (tables_->tls_of(listener.id)) {
        // A handshake is what the limit spares: the connection ends without a word.
        Client silent;
        silent.peer = peer;
        silent.local = listener.local;
        silent.request_started_ns = now_ns_;
        record_refused(silent, 0, why, 0, 0, HeadTable());
        ::close(fd);
        return;
    }
    const auto out = refusal_bytes(status, why, "retry-after: 1\r\n", false);
    make_room(fd, out.size());
    Client stand_in;
    stand_in.peer = peer;
    stand_in.local = listener.local;
    stand_in.listener = listener.id;
    stand_in.request_started_ns = now_ns_;
    (void)net::send_some(fd, out);
    record_refused(stand_in, status, why, 0, out.size(), HeadTable());
    // What the client has sent already would turn the close into a reset that destroys the answer.
    (void)!::recv(fd, build_.data(), build_.size(), MSG_DONTWAIT);
    ::shutdown(fd, SHUT_WR);
    ::close(fd);
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
