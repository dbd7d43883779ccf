// Cost of purges: what a hit pays where none was made, where many were, and right after one; what a purge costs. Each answer is checked.
//
//   g++ -O2 -std=c++20 -fno-rtti -pthread -Inative bench/micro/purge.cc native/core/store/*.cc -o build/bench-purge
//   build/bench-purge
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/store/store.h"

namespace {

using namespace parapet::store;
using parapet::HashKey;

constexpr std::uint32_t now = 1'000'000;
constexpr std::uint32_t zone = 1;
constexpr int hot = 1000;
constexpr HashKey secret{1, 2};

double now_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

Bytes bytes_of(const std::string& text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

struct Bench {
  explicit Bench(std::size_t tags) {
    Config config;
    config.secret = secret;
    store = Store::create(config);
    std::vector<TagHash> hashes;
    for (std::size_t i = 0; i < tags; ++i) hashes.push_back(hash_of_tag(secret, bytes_of("tag-" + std::to_string(i))));
    for (int i = 0; i < hot; ++i) {
      std::string key(4, '\0');
      std::memcpy(key.data(), &zone, 4);
      key += std::string("hwww.example.com") + '\0' + "/assets/images/2026/" + std::to_string(i) + ".png";
      keys.push_back(key);
      this->hashes.push_back(siphash(i));
      const FillResult begun = store->begin_fill({siphash(i), bytes_of(key), 0, 0, now, {}}, nullptr);
      ObjectMeta meta;
      meta.fresh_until = now + 60;
      meta.status = 200;
      if (store->set_head(begun.fill, bytes_of("head"), meta, 0, Tags{hashes, false}) != HeadState::ok || !store->complete(begun.fill)) std::abort();
    }
  }
  ~Bench() { Store::destroy(store); }

  static std::uint64_t siphash(int i) { return static_cast<std::uint64_t>(i + 1) * 0x9e3779b97f4a7c15u; }

  // Each key once; nanoseconds of one look-up.
  double round() {
    const double from = now_ns();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const LookupResult found = store->lookup(0, hashes[i], bytes_of(keys[i]), now);
      if (found.state != LookupState::object || found.view.meta.fresh_until <= now) std::abort();
      store->unpin(0, found.ref);
    }
    return (now_ns() - from) / hot;
  }
  double settled(int rounds = 1000) {
    double all = 0;
    for (int i = 0; i < rounds; ++i) all += round();
    return all / rounds;
  }
  // A purge that reaches nothing here before each round, so that each look-up compares.
  double compared(Group group, const std::string& text, int rounds = 300) {
    double all = 0;
    for (int i = 0; i < rounds; ++i) {
      if (!store->purge_group(group, zone, bytes_of(text + std::to_string(i)), false)) std::abort();
      all += round();
    }
    return all / rounds;
  }

  Store* store = nullptr;
  std::vector<std::string> keys;
  std::vector<std::uint64_t> hashes;
};

}  // namespace

int main() {
  Bench plain(0);
  std::printf("hit, no purge ever made: %.1f ns\n", plain.settled());
  std::printf("hit right after a purge of some tag, object without tags: %.1f ns\n", plain.compared(Group::tag, "other-"));
  std::printf("hit right after a purge of some host: %.1f ns\n", plain.compared(Group::host, "other-"));
  std::printf("hit right after a purge of some prefix of three segments: %.1f ns\n", plain.compared(Group::prefix, "www.example.com/assets/images/"));
  const double from = now_ns();
  for (int i = 0; i < 50'000; ++i) plain.store->purge_group(Group::tag, zone, bytes_of("more-" + std::to_string(i)), false);
  std::printf("a purge: %.0f ns\n", (now_ns() - from) / 50'000);
  plain.round();
  std::printf("hit, 50 900 purges made: %.1f ns\n", plain.settled());
  for (const std::size_t tags : {std::size_t{3}, std::size_t{30}, std::size_t{1000}}) {
    Bench tagged(tags);
    std::printf("%zu tags: hit %.1f ns, right after a purge of some tag %.0f ns\n", tags, tagged.settled(), tagged.compared(Group::tag, "other-", 30));
  }
  return 0;
}
