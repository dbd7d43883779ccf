#include "zone_tally.h"

namespace parapet {

ZoneCounts& ZoneTally::of(std::uint32_t worker, const std::string& zone) {
    const std::lock_guard lock(mutex_);
    const bool is_beyond = places_.size() >= zones_max && !places_.contains(zone);
    const auto [at, is_new] = places_.try_emplace(is_beyond ? std::string() : zone, zones_.size());
    if (is_new) zones_.push_back({at->first, {}});
    auto& by_worker = zones_[at->second].by_worker;
    for (const auto& [owner, counts] : by_worker) {
        if (owner == worker) return *counts;
    }
    by_worker.emplace_back(worker, std::make_unique<ZoneCounts>());
    return *by_worker.back().second;
}

std::vector<ZoneSum> ZoneTally::sums() const {
    const std::lock_guard lock(mutex_);
    std::vector<ZoneSum> all;
    all.reserve(zones_.size());
    for (const Zone& zone : zones_) {
        ZoneSum& sum = all.emplace_back();
        sum.zone = zone.name;
        for (const auto& [owner, counts] : zone.by_worker) {
            for (std::size_t i = 0; i < zone_results; ++i) {
                sum.requests[i] += counts->requests[i].load(std::memory_order_relaxed);
                sum.bytes[i] += counts->bytes[i].load(std::memory_order_relaxed);
            }
            sum.collapsed += counts->collapsed.load(std::memory_order_relaxed);
            sum.origin_bytes += counts->origin_bytes.load(std::memory_order_relaxed);
        }
    }
    return all;
}

}  // namespace parapet
