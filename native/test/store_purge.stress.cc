// Purges of groups race look-ups, fills and refreshes: what was asked for before a purge is never found after it.
//
// A clock orders questions and purges. Who asks an origin takes the store's epoch, then the next tick, which becomes the
// content. Who purges reads the clock, purges, and only then writes that tick down for all keys of the group. Who looks up reads the tick of
// its key first: content that is older has survived a purge.
#include <atomic>
#include <memory>
#include <random>
#include <thread>

#include "core/store/inside.h"
#include "test/check.h"
#include "test/store_rig.h"

using namespace parapet::store;

namespace {

constexpr int keys = 48;
constexpr int tags = 5;
constexpr int folders = 4;
constexpr std::uint32_t now = 1'000'000;

struct Floor {
  std::atomic<std::uint64_t> hard{0};
  std::atomic<std::uint64_t> soft{0};
};

void raise(std::atomic<std::uint64_t>& floor, std::uint64_t tick) {
  std::uint64_t seen = floor.load();
  while (seen < tick && !floor.compare_exchange_weak(seen, tick)) {
  }
}

struct Run {
  explicit Run(std::uint64_t bytes_max) {
    Config config;
    config.bytes_max = bytes_max;
    config.workers_max = 4;
    config.secret = {3, 4};
    store = Store::create(config);
  }
  ~Run() { Store::destroy(store); }

  static std::string key_of(int i) {
    std::string key = std::string("\x01\x00\x00\x00" "hhost.test\x00/f", 17) + std::to_string(i % folders) + "/" + std::to_string(i);
    return i % 3 == 0 ? key + "\x02....\x03v" : key;
  }
  static std::string tag_of(int i) { return "tag" + std::to_string(i % tags); }

  void check(std::uint64_t hard, std::uint64_t soft, const ObjectView& view) {
    std::uint64_t tick = 0;
    if (view.head.size() != sizeof tick) {
      wrong += 1;
      return;
    }
    std::memcpy(&tick, view.head.data(), sizeof tick);
    if (tick < hard) survived_hard += 1;
    if (tick < soft && view.meta.fresh_until > now) survived_soft += 1;
  }

  void work(std::uint32_t worker) {
    std::mt19937_64 random(worker + 1);
    while (!is_over.load()) {
      const int i = static_cast<int>(random() % keys);
      const std::string key = key_of(i);
      const std::uint64_t hard = floors[i].hard.load();
      const std::uint64_t soft = floors[i].soft.load();
      const LookupResult found = store->lookup(worker, hash_of(key), bytes_of(key), now);
      if (found.state == LookupState::object) check(hard, soft, found.view);
      const bool is_fresh = found.state == LookupState::object && found.view.meta.fresh_until > now;
      looked += 1;
      if (!is_fresh || random() % 8 == 0) fetch(worker, i, key, found, random);
      if (found.ref) store->unpin(worker, found.ref);
    }
  }

  void fetch(std::uint32_t worker, int i, const std::string& key, const LookupResult& found, std::mt19937_64& random) {
    const std::uint64_t hard = floors[i].hard.load();
    const std::uint64_t soft = floors[i].soft.load();
    const std::uint32_t asked = store->epoch();
    const std::uint64_t tick = clock.fetch_add(1) + 1;
    Reader reader;
    const FillResult begun = store->begin_fill({hash_of(key), bytes_of(key), worker, 0, now, found.ref, asked}, &reader);
    if (begun.kind == FillKind::object) {
      ObjectView view;
      if (store->view(begun.object, view)) check(hard, soft, view);
      store->unpin(worker, begun.object);
    }
    if (begun.kind == FillKind::follower) {
      for (int turn = 0; turn < 64; ++turn) {
        const FollowState state = store->follow_state(reader);
        if (state == FollowState::waiting) {
          std::this_thread::yield();
          continue;
        }
        ObjectView view;
        if (state == FollowState::head && store->view(reader.object(), view)) check(hard, soft, view);
        break;
      }
    }
    if (begun.kind != FillKind::leader) return;
    if (random() % 2 == 0) std::this_thread::yield();
    const Bytes head{reinterpret_cast<const std::uint8_t*>(&tick), sizeof tick};
    const TagHash tag[2] = {hash_of_tag({3, 4}, bytes_of(tag_of(i))), hash_of_tag({3, 4}, bytes_of("every"))};
    const Tags given{tag, false};
    ObjectMeta meta;
    meta.status = 200;
    meta.stored_at = now;
    meta.fresh_until = now + 60;
    if (found.state == LookupState::object && random() % 2 == 0) {
      const ObjectRef fresh = store->refresh(worker, found.ref, begun.fill, head, meta, random() % 2 == 0 ? &given : nullptr, asked);
      if (fresh) store->unpin(worker, fresh);
      return;
    }
    if (store->set_head(begun.fill, head, meta, 8, given) != HeadState::ok) {
      store->abort(begun.fill, AbortCause::released);
      return;
    }
    std::span<std::uint8_t> room;
    while (store->writable(begun.fill, room) == WriteState::ready && !room.empty()) store->commit(begun.fill, std::min<std::size_t>(room.size(), 3));
    store->complete(begun.fill);
  }

  // Without purges of all, which empty the table, where it shall be full.
  void purge(std::mt19937_64& random, bool fills_table) {
    const bool soft = random() % 2 == 0;
    const std::uint64_t tick = clock.load();
    const int kind = static_cast<int>(random() % (fills_table ? 96 : 100));
    const int one = static_cast<int>(random() % keys);
    const std::string key = key_of(one);
    const auto hits = [&](int i) {
      if (kind < 40) return i % tags == one % tags;
      if (kind < 70) return i % folders == one % folders;
      if (kind < 90) return i == one;
      return true;
    };
    if (kind < 20) store->purge_group(Group::tag, 1, bytes_of(tag_of(one)), soft);
    else if (kind < 40) store->purge_group(Group::tag, any_zone, bytes_of(tag_of(one)), soft);
    else if (kind < 70) store->purge_group(Group::prefix, 1, bytes_of("host.test/f" + std::to_string(one % folders)), soft);
    else if (kind < 90) {
      const std::string url = key.substr(0, key.find('\x02'));
      store->purge_url(hash_of(url), bytes_of(url), soft);
    } else if (kind < 92) store->purge_group(Group::host, 1, bytes_of("host.test"), soft);
    else if (kind < 94) store->purge_group(Group::zone, 1, {}, soft);
    else if (kind < 96) store->purge_group(Group::tag, 1, bytes_of("every"), soft);
    else store->purge_all(soft);
    for (int i = 0; i < keys; ++i) {
      if (hits(i)) raise(soft ? floors[i].soft : floors[i].hard, tick);
    }
  }

  void run(int purges, bool fills_table) {
    std::vector<std::thread> threads;
    for (std::uint32_t worker = 0; worker < 3; ++worker) threads.emplace_back([this, worker] { work(worker); });
    for (int purger = 0; purger < 2; ++purger) {
      threads.emplace_back([this, purger, purges, fills_table] {
        std::mt19937_64 random(100 + static_cast<unsigned>(purger));
        for (int i = 0; i < purges; ++i) {
          purge(random, fills_table);
          if (fills_table) store->purge_group(Group::tag, 1, bytes_of("filler" + std::to_string(random())), false);
          if (random() % 4 == 0) std::this_thread::yield();
        }
        if (purgers.fetch_sub(1) == 1) is_over = true;
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::printf("# %llu looked up, %llu hits, %llu stored\n", static_cast<unsigned long long>(looked.load()), static_cast<unsigned long long>(store->stats().hits),
                static_cast<unsigned long long>(store->stats().stored));
  }

  Store* store = nullptr;
  Floor floors[keys];
  std::atomic<std::uint64_t> clock{0};
  std::atomic<bool> is_over{false};
  std::atomic<int> purgers{2};
  std::atomic<std::uint64_t> looked{0};
  std::atomic<int> survived_hard{0};
  std::atomic<int> survived_soft{0};
  std::atomic<int> wrong{0};
};

}  // namespace

TEST(nothing_survives_a_purge_that_races_it) {
  auto run = std::make_unique<Run>(8u << 20);
  run->run(8'000, false);
  CHECK_EQ(run->survived_hard.load(), 0);
  CHECK_EQ(run->survived_soft.load(), 0);
  CHECK_EQ(run->wrong.load(), 0);
  CHECK_EQ(run->store->stats().pins, 0u);
  CHECK_EQ(run->store->stats().fills_active, 0u);
}

TEST(nothing_survives_where_the_table_forgets) {
  auto run = std::make_unique<Run>(1u << 20);
  run->run(4'000, true);
  CHECK(run->store->stats().purges_forgotten > 0);
  CHECK_EQ(run->survived_hard.load(), 0);
  CHECK_EQ(run->survived_soft.load(), 0);
  CHECK_EQ(run->wrong.load(), 0);
  CHECK_EQ(run->store->stats().pins, 0u);
}

PARAPET_TEST_MAIN
