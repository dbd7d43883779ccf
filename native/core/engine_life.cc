// The life of an engine: opened, given the tables of a snapshot and the addresses of servers, drained, stopped.
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

#include "engine.h"
#include "net.h"

namespace parapet {

Engine::~Engine() { stop(); }

int Engine::open(const EngineOptions& options, CallPolicy call, void* context) noexcept {
    options_ = options;
    call_ = call;
    context_ = context;
    store_ = store::Store::current();
    if (store_ == nullptr) return EINVAL;
    if (!arena_.open(options.arena_bytes)) return errno != 0 ? errno : ENOMEM;
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return errno;
    stats_ = &Process::get().stats(options.worker_index);
    // Gauges begin anew with the worker, totals go on.
    for (const std::int32_t gauge : {counter::connections_open, counter::origin_connections_open, counter::origin_connections_idle,
                                     counter::origin_queue, counter::exchanges_live, counter::arena_bytes,
                                     counter::tls_handshakes_open}) {
        stats_->set(gauge, 0);
    }
    mailbox_ = &Process::get().mailbox(options.worker_index);
    mailbox_fd_ = mailbox_->attach();
    if (mailbox_fd_ < 0) return errno;
    if (!watch_input(mailbox_fd_, mailbox_watch_)) return errno;
    clients_.previous = clients_.next = &clients_;
    origins_.previous = origins_.next = &origins_;
    build_.resize(build_bytes);
    recode_.resize(build_bytes);
    record_.resize(16384);
    accept_timer_.owner = Deadline::Owner::accept;
    next_ray_ = options.ray_first;
    update_clock();
    RingOptions ring = options.ring;
    ring.slot_count = log_slots;
    ring.now_ns = now_ns_;
    ring_opened_ = ring_.open(ring);
    wheel_.start(now_ms_);
    return 0;
}

void Engine::configure(std::unique_ptr<Tables> tables) noexcept {
    // Pools follow the servers by id; what no snapshot names any more closes when it falls idle.
    for (auto& pool : pools_) {
        if (pool) pool->retired = true;
    }
    for (const Server& server : tables->servers) {
        if (server.id >= pools_.size()) pools_.resize(server.id + 1);
        auto& pool = pools_[server.id];
        if (!pool) {
            pool = std::make_unique<Pool>();
            pool->counts = &Process::get().server(server.id);
        }
        pool->server = server;
        pool->retired = false;
    }
    for (auto& pool : pools_) {
        if (pool && pool->retired) trim_idle(*pool);
    }
    tables_ = tables.get();
    all_tables_.emplace_back(std::move(tables), 0);
    std::erase_if(all_tables_, [this](const auto& entry) { return entry.second == 0 && entry.first.get() != tables_; });
}

void Engine::release_tables(Tables* tables) noexcept {
    for (auto& [owned, users] : all_tables_) {
        if (owned.get() == tables) --users;
    }
    if (tables == tables_) return;
    std::erase_if(all_tables_, [this](const auto& entry) { return entry.second == 0 && entry.first.get() != tables_; });
}

std::vector<std::int32_t> Engine::live_snapshots() const {
    std::vector<std::int32_t> ids;
    for (const auto& [tables, users] : all_tables_) {
        if (users > 0 || tables.get() == tables_) ids.push_back(tables->snapshot);
    }
    return ids;
}

void Engine::set_addresses(std::uint32_t server, std::vector<Address> addresses) noexcept {
    if (Pool* found = pool(server)) {
        for (Address& address : addresses) address.port = found->server.port;
        found->server.addresses = std::move(addresses);
        found->next_address = 0;
        serve_queue(*found);
    }
}

void Engine::drain() noexcept {
    draining_ = true;
    set_listeners({});
    // Fetches without a client fill a store that ends with the process; who follows one fetches anew.
    for (auto& owned : exchanges_) {
        Exchange& exchange = *owned;
        if (exchange.phase == Phase::free || exchange.client != nullptr) continue;
        abandon_fetch(exchange);
        end_exchange(exchange);
    }
    for (Client* client = clients_.next; client != &clients_;) {
        Client* next = client->next;
        if (client->exchange == nullptr && client->in.empty() && !client->lingering) {
            if (client->exchanges > 0 && !net::has_input(client->fd)) {
                goodbye(*client);
                close_client(*client);
            } else {
                // Accepted just now, so that its first request may be on its way, or the next one is here already.
                set_client_timer(*client, ClientTimer::idle, first_request_ms);
            }
        }
        client = next;
    }
    if (!in_turn_) free_dead();
}

void Engine::stop() noexcept {
    if (stopped_ || epoll_ < 0) return;
    stopped_ = true;
    for (auto& owned : exchanges_) {
        Exchange& exchange = *owned;
        if (exchange.phase == Phase::free) continue;
        if (exchange.client != nullptr && !exchange.recorded) {
            exchange.outcome = outcome::drained;
            exchange.reason = reason::shutdown;
            record_now(exchange);
        }
        if (exchange.client != nullptr) exchange.client->exchange = nullptr;
        exchange.client = nullptr;
        abandon_fetch(exchange);
        end_exchange(exchange);
    }
    while (clients_.next != nullptr && clients_.next != &clients_) close_client(*clients_.next);
    while (origins_.next != nullptr && origins_.next != &origins_) close_origin(*origins_.next);
    free_dead();
    for (const store::ObjectRef& ref : batch_pins_) store_->unpin(options_.worker_index, ref);
    batch_pins_.clear();
    (void)store_->worker_died(options_.worker_index);
    mailbox_->detach();
    ring_.close();
    listeners_.clear();
    ::close(epoll_);
    epoll_ = -1;
    // The view in JavaScript may outlive the engine: the mapping is its owner's from here on.
    arena_.leak();
}

}  // namespace parapet
