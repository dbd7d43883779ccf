// What the engine needs of a config snapshot: plain values, built once when a snapshot is applied and never changed after.
// An exchange keeps the tables that it began under.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "address.h"
#include "pages.h"
#include "tls_context.h"
#include "zone_tally.h"
#include "zones.h"

namespace parapet {

struct Limits {
    std::uint32_t head_bytes_max = 32u << 10;
    std::uint32_t target_bytes_max = 8u << 10;
    std::uint32_t fields_max = 128;
    std::uint64_t body_bytes_max = 1ull << 30;
    std::uint32_t trailer_bytes_max = 8u << 10;
    std::uint32_t pipeline_bytes_max = 64u << 10;
    std::uint32_t send_buffer_bytes_max = 64u << 10;
    std::uint32_t connections_max = 65536;
    std::uint32_t connections_per_address_max = 4096;
    std::uint32_t exchanges_per_connection_max = 0;
    std::uint32_t origin_head_bytes_max = 64u << 10;
    std::uint32_t origin_fields_max = 256;
    std::uint32_t origin_interim_max = 16;
    std::uint32_t followers_max = 10000;
};

struct Timeouts {
    std::uint32_t head_ms = 10000;
    std::uint32_t body_ms = 60000;
    std::uint32_t idle_ms = 75000;
    std::uint32_t write_ms = 60000;
    std::uint32_t answer_ms = 30000;
    std::uint32_t linger_ms = 2000;
    std::uint32_t drain_ms = 30000;
    std::uint32_t handshake_ms = 10000;
};

struct Server {
    std::uint32_t id = 0;
    std::string host;
    std::string authority;
    std::uint16_t port = 0;
    std::uint32_t connections_max = 0;
    std::uint32_t queue_max = 0;
    std::uint32_t queue_ms = 0;
    std::uint32_t connect_ms = 0;
    std::uint32_t first_byte_ms = 0;
    std::uint32_t between_bytes_ms = 0;
    std::uint32_t write_ms = 0;
    std::uint32_t idle_ms = 0;
    std::uint32_t idle_max = 0;
    std::uint32_t attempt_delay_ms = 250;
    std::vector<Address> addresses;
    std::shared_ptr<const TlsOrigin> tls;  // null: plain
};

struct Tables {
    std::int32_t snapshot = 0;
    Limits limits;
    Timeouts timeouts;
    Zones zones;
    std::vector<std::string> zone_names;
    std::vector<std::uint32_t> zone_keys;
    std::vector<ZoneCounts*> zone_counts;  // by zone; null until the zone has its first request in this worker
    std::vector<Server> servers;
    Pages pages;
    ServerField server_field = ServerField::replace;
    std::vector<std::pair<std::uint32_t, std::shared_ptr<const TlsListener>>> tls_listeners;  // by listener id

    [[nodiscard]] std::shared_ptr<const TlsListener> tls_of(std::uint32_t listener) const noexcept {
        for (const auto& [id, tls] : tls_listeners) {
            if (id == listener) return tls;
        }
        return nullptr;
    }
};

}  // namespace parapet
