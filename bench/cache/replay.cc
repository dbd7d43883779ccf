// Replays traces against the store and against models with the same budget; prints one line of JSON for each trace.
//
//   replay REQUESTS [SCALE]     objects and budgets are divided by SCALE
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>

#include "core/store/store.h"
#include "models.h"
#include "trace.h"

namespace {

using namespace parapet;
using namespace parapet::bench;

constexpr std::uint32_t now = 1'000'000;
constexpr std::size_t head_bytes = 250;
// What the store takes for an object beside its body, without what is lost to fragmentation: head, key, chunk header, entry, index.
constexpr std::uint64_t overhead_bytes = head_bytes + 40 + 32 + 122;

constexpr std::uint64_t mebi = 1u << 20;
constexpr Shape shapes[] = {
    {.name = "web, alpha 0.7", .alpha = 0.7, .objects = 100'000, .budget_bytes = 128 * mebi},
    {.name = "web, alpha 0.9", .alpha = 0.9, .objects = 100'000, .budget_bytes = 128 * mebi},
    {.name = "web, alpha 1.1", .alpha = 1.1, .objects = 100'000, .budget_bytes = 128 * mebi},
    {.name = "web, alpha 0.9, a small store", .alpha = 0.9, .objects = 100'000, .budget_bytes = 24 * mebi},
    {.name = "web, a third asked for once", .alpha = 0.9, .objects = 100'000, .budget_bytes = 128 * mebi, .wonders_in_ten = 3},
    {.name = "web, crawls", .alpha = 0.9, .objects = 100'000, .budget_bytes = 128 * mebi, .crawl_every = 50'000},
    {.name = "web, popularity moves on", .alpha = 0.9, .objects = 100'000, .budget_bytes = 128 * mebi, .drift_every = 10'000},
    {.name = "web and 3 % media", .alpha = 0.9, .objects = 50'000, .budget_bytes = 512 * mebi, .media_share = 0.03},
    {.name = "web and media, asked for once too", .alpha = 0.9, .objects = 50'000, .budget_bytes = 512 * mebi, .media_share = 0.03, .wonders_in_ten = 3},
};

struct Score {
  std::uint64_t hits = 0;
  std::uint64_t bytes = 0;
};

store::Bytes key_bytes(const std::string& key) { return {reinterpret_cast<const std::uint8_t*>(key.data()), key.size()}; }

void put(store::Store& cache, std::uint64_t hash, const std::string& key, std::uint64_t number, std::uint32_t size) {
  static const std::vector<std::uint8_t> head(head_bytes, 'x');
  const store::FillResult begun = cache.begin_fill({hash, key_bytes(key), 0, 0, now, {}}, nullptr);
  if (begun.kind != store::FillKind::leader) return;
  store::ObjectMeta meta;
  meta.fresh_until = now + 60;
  meta.status = 200;
  if (cache.set_head(begun.fill, head, meta, size) == store::HeadState::refused) return cache.abort(begun.fill, store::AbortCause::released);
  std::span<std::uint8_t> room;
  // Of the body its first bytes alone are written: that is what a hit is checked by.
  bool is_first = true;
  for (std::uint64_t written = 0; written < size; written += room.size()) {
    if (cache.writable(begun.fill, room) != store::WriteState::ready) return cache.abort(begun.fill, store::AbortCause::failed_after_head);
    if (is_first && room.size() >= sizeof number) std::memcpy(room.data(), &number, sizeof number);
    is_first = false;
    cache.commit(begun.fill, room.size());
  }
  (void)cache.complete(begun.fill);
}

Score replay_store(const Shape& shape, const std::vector<std::uint64_t>& trace, std::size_t warm, store::Stats& stats) {
  store::Config config;
  config.bytes_max = shape.budget_bytes;
  store::Store* cache = store::Store::create(config);
  if (cache == nullptr) std::abort();
  Score score;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const std::string key = "hsite.example/assets/" + std::to_string(trace[i]);
    const std::uint64_t hash = Random::mixed(trace[i] + 1);
    const std::uint32_t size = size_of(trace[i], shape.media_share);
    const store::LookupResult found = cache->lookup(0, hash, key_bytes(key), now);
    if (found.state != store::LookupState::object) {
      put(*cache, hash, key, trace[i], size);
      continue;
    }
    std::uint64_t number = 0;
    if (found.view.body.size() >= sizeof number) std::memcpy(&number, found.view.body.data(), sizeof number);
    if (number != trace[i] || found.view.body_length != size) std::abort();
    cache->unpin(0, found.ref);
    if (i >= warm) score.hits += 1, score.bytes += size;
  }
  stats = cache->stats();
  if (stats.bytes_used > stats.bytes_max || stats.pins != 0) std::abort();
  store::Store::destroy(cache);
  return score;
}

template <typename Model>
Score replay_model(const Shape& shape, const std::vector<std::uint64_t>& trace, std::size_t warm, Model model) {
  Score score;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const std::uint32_t size = size_of(trace[i], shape.media_share);
    if (model.hit(trace[i], size + overhead_bytes) && i >= warm) score.hits += 1, score.bytes += size;
  }
  return score;
}

void print(const char* name, const Score& score, const Score& all, const char* behind) {
  std::printf("\"%s\":{\"objects\":%.4f,\"bytes\":%.4f}%s", name, static_cast<double>(score.hits) / static_cast<double>(all.hits),
              static_cast<double>(score.bytes) / static_cast<double>(all.bytes), behind);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t requests = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const std::size_t scale = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  if (requests < 1000 || scale == 0 || scale > 16) return 1;
  for (Shape shape : shapes) {
    shape.objects /= scale;
    shape.budget_bytes /= scale;
    const std::vector<std::uint64_t> trace = trace_of(shape, requests);
    // The first third only fills the caches.
    const std::size_t warm = requests / 3;
    Score all;
    for (std::size_t i = warm; i < trace.size(); ++i) all.hits += 1, all.bytes += size_of(trace[i], shape.media_share);
    store::Stats stats;
    const Score ours = replay_store(shape, trace, warm, stats);
    std::printf("{\"trace\":\"%s\",\"budgetMiB\":%llu,\"used\":%.3f,\"refused\":%llu,", shape.name, static_cast<unsigned long long>(shape.budget_bytes / mebi),
                static_cast<double>(stats.bytes_used) / static_cast<double>(stats.bytes_max), static_cast<unsigned long long>(stats.refused + stats.windowed));
    print("store", ours, all, ",");
    print("lru", replay_model(shape, trace, warm, Lru(shape.budget_bytes)), all, ",");
    print("s3fifo", replay_model(shape, trace, warm, S3Fifo(shape.budget_bytes)), all, ",");
    print("tinylfu", replay_model(shape, trace, warm, TinyLfu(shape.budget_bytes, shape.budget_bytes / 8192)), all, "}\n");
    std::fflush(stdout);
  }
  return 0;
}
