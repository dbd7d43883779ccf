// What became of the requests of each zone at the cache, counted by each worker for itself and summed up by whoever asks.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contract.gen.h"

namespace parapet {

inline constexpr std::size_t zone_results = static_cast<std::size_t>(cache_results_count);

/// Of one zone in one worker: that worker alone writes, anybody reads.
struct alignas(64) ZoneCounts {
    std::atomic<std::uint64_t> requests[zone_results] = {};
    std::atomic<std::uint64_t> bytes[zone_results] = {};  // of bodies, as sent to clients
    std::atomic<std::uint64_t> collapsed{0};              // requests that followed the fetch of another one
    std::atomic<std::uint64_t> origin_bytes{0};           // received from origins, for background fetches too

    static void add(std::atomic<std::uint64_t>& value, std::uint64_t n) noexcept {
        value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void ended(std::size_t result, std::uint64_t sent) noexcept {
        if (result >= zone_results) return;
        add(requests[result], 1);
        add(bytes[result], sent);
    }
};

struct ZoneSum {
    std::string zone;  // empty: all beyond `ZoneTally::zones_max`
    std::uint64_t requests[zone_results] = {};
    std::uint64_t bytes[zone_results] = {};
    std::uint64_t collapsed = 0;
    std::uint64_t origin_bytes = 0;
};

/// The counts of all zones that ever had a request, kept for the life of the process: reloads and replaced workers go on with them.
class ZoneTally {
public:
    /// A zone beyond this many is counted together with all others beyond it.
    static constexpr std::size_t zones_max = 131'072;

    /// A worker asks once for each zone and snapshot, and keeps what it gets.
    ZoneCounts& of(std::uint32_t worker, const std::string& zone);
    /// In the order in which they had their first request.
    std::vector<ZoneSum> sums() const;

private:
    struct Zone {
        std::string name;
        std::vector<std::pair<std::uint32_t, std::unique_ptr<ZoneCounts>>> by_worker;
    };
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::size_t> places_;
    std::vector<Zone> zones_;
};

}  // namespace parapet
