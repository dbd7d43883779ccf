// Cost of a hit in the store: look-up and unpin of random keys among a million objects. Each answer is checked.
//
//   g++ -O2 -std=c++20 -fno-rtti -pthread -Inative bench/micro/store.cc native/core/store/*.cc -o build/bench-store
//   build/bench-store [objects] [threads] [body bytes] [head bytes]
//   build/bench-store 10000000 1 20 100     needs 4 GiB and half a minute
#include <time.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "core/store/store.h"

namespace {

using namespace parapet::store;

double now_ns(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

std::uint64_t spread(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

struct Key {
  char text[64];
  std::size_t length;
};

Key key_of(std::uint64_t number) {
  Key key;
  key.length = static_cast<std::size_t>(std::snprintf(key.text, sizeof key.text, "hexample.com%c/assets/images/%08llu.png", 0, static_cast<unsigned long long>(number)));
  return key;
}

Bytes bytes_of(const Key& key) { return {reinterpret_cast<const std::uint8_t*>(key.text), key.length}; }

constexpr std::uint32_t now = 1'000'000;
// Entry, slot, ghosts, directories and slabs of an object; its chunk with key and head is beside that.
constexpr std::uint64_t index_bytes_max = 128;
std::size_t head_bytes = 250;
std::size_t body_bytes = 1024;

void put(Store& store, std::uint64_t number) {
  static const std::vector<std::uint8_t> filler(head_bytes, 'x');
  const Key key = key_of(number);
  const FillResult begun = store.begin_fill({spread(number), bytes_of(key), 0, 0, now, {}}, nullptr);
  if (begun.kind != FillKind::leader) std::abort();
  ObjectMeta meta;
  meta.fresh_until = now + 60;
  meta.status = 200;
  if (store.set_head(begun.fill, filler, meta, body_bytes) != HeadState::ok) std::abort();
  std::span<std::uint8_t> room;
  if (store.writable(begun.fill, room) != WriteState::ready || room.size() != body_bytes) std::abort();
  for (std::size_t i = 0; i < body_bytes; ++i) room[i] = static_cast<std::uint8_t>(number);
  store.commit(begun.fill, body_bytes);
  if (!store.complete(begun.fill)) std::abort();
}

double hit_ns(Store& store, std::uint32_t worker, const std::vector<Key>& keys, const std::vector<std::uint64_t>& numbers) {
  const double from = now_ns(CLOCK_THREAD_CPUTIME_ID);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const LookupResult found = store.lookup(worker, spread(numbers[i]), bytes_of(keys[i]), now);
    if (found.state != LookupState::object || found.view.body.size() != body_bytes) std::abort();
    if (found.view.body[17] != static_cast<std::uint8_t>(numbers[i])) std::abort();
    store.unpin(worker, found.ref);
  }
  return (now_ns(CLOCK_THREAD_CPUTIME_ID) - from) / static_cast<double>(keys.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t objects = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const unsigned threads = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
  if (argc > 3) body_bytes = std::strtoull(argv[3], nullptr, 10);
  if (argc > 4) head_bytes = std::strtoull(argv[4], nullptr, 10);
  if (body_bytes < 18 || body_bytes > 32'768 || head_bytes > 4'096 || threads > 8) return 1;
  constexpr std::size_t rounds = 1'000'000;
  Config config;
  config.bytes_max = objects * (body_bytes + head_bytes + 600) + (16u << 20);
  Store* store = Store::create(config);
  if (store == nullptr) return 1;
  const double from = now_ns(CLOCK_MONOTONIC);
  for (std::uint64_t i = 0; i < objects; ++i) put(*store, i);
  const double fill_ns = (now_ns(CLOCK_MONOTONIC) - from) / static_cast<double>(objects);
  const Stats stats = store->stats();
  if (stats.objects != objects) std::abort();
  if (objects >= 10'000 && stats.bytes_entries + stats.bytes_index > objects * index_bytes_max) std::abort();
  std::printf("%llu objects of %zu bytes, head %zu: put %.0f ns; %.1f bytes of entry and index, %.1f of chunk each\n", static_cast<unsigned long long>(objects), body_bytes, head_bytes, fill_ns,
              static_cast<double>(stats.bytes_entries + stats.bytes_index) / static_cast<double>(objects), static_cast<double>(stats.bytes_objects) / static_cast<double>(objects));
  std::vector<std::thread> running;
  std::vector<double> all(threads);
  std::vector<double> hot(threads);
  for (unsigned t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      std::vector<Key> keys;
      std::vector<std::uint64_t> numbers;
      for (std::size_t i = 0; i < rounds; ++i) {
        numbers.push_back(spread(i * 8 + t) % objects);
        keys.push_back(key_of(numbers.back()));
      }
      all[t] = hit_ns(*store, t, keys, numbers);
      for (std::size_t i = 0; i < rounds; ++i) {
        numbers[i] = spread(i * 8 + t) % 1000 % objects;
        keys[i] = key_of(numbers[i]);
      }
      hot[t] = hit_ns(*store, t, keys, numbers);
    });
  }
  for (unsigned t = 0; t < threads; ++t) {
    running[t].join();
    std::printf("thread %u: hit %.0f ns over all objects, %.0f ns over 1000 of them\n", t, all[t], hot[t]);
  }
  Store::destroy(store);
  return 0;
}
