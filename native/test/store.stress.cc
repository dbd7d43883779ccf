// Four workers at one small store: look up, lead, follow, refresh, purge, evict, die; and threads that die with a lock.
// Every byte read is checked against the version that the head names. A reader that was told to wait is asked again only
// after a notification, so that a lost one shows as a hang.
#include <atomic>
#include <memory>
#include <random>
#include <thread>

#include "core/store/inside.h"
#include "test/check.h"
#include "test/store_rig.h"

using namespace parapet::store;
namespace object_flag = parapet::object_flag;

namespace {

constexpr int steps_each = 12'000;
constexpr std::uint32_t workers = 4;
constexpr std::uint32_t now = 1'000'000;

std::uint8_t byte_at(std::uint32_t version, std::uint64_t position) { return static_cast<std::uint8_t>(version * 31 + position * 7 + (position >> 8)); }

bool is_right(std::uint32_t version, std::uint64_t position, Bytes bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != byte_at(version, position + i)) return false;
  }
  return true;
}

// What differs between the runs.
struct Load {
  std::uint64_t bytes_max;
  std::uint64_t keys;
  std::size_t active_max;  // readers and fills of one worker
  bool kills;              // threads die with locks meanwhile
};

struct Faults {
  std::atomic<int> wrong_bytes{0};
  std::atomic<int> wrong_length{0};
  std::atomic<int> wrong_key{0};
  std::atomic<int> left_pins{0};
};

struct Bell {
  alignas(64) std::atomic<std::uint32_t> rung{0};
};

struct Following {
  Reader reader;
  std::string key;
  std::uint32_t version = 0;
  bool has_head = false;
  std::uint64_t length = unknown_length;
  std::uint32_t heard = 0;  // the bell when it was told to wait
  bool waits = false;
};

struct Leading {
  FillRef fill;
  std::uint32_t version;
  std::uint64_t length;
  std::uint64_t written = 0;
  bool has_head = false;
  bool announces = false;
  std::uint32_t heard = 0;
  bool waits = false;
};

class Worker {
 public:
  Worker(Store& store, const Load& load, std::uint32_t number, Bell& bell, Faults& faults)
      : store_(store), load_(load), number_(number), bell_(bell), faults_(faults), random_(number + 1) {}

  void run() {
    for (int step = 0; step < steps_each; ++step) {
      act();
      advance_some();
    }
    while (!following_.empty() || !leading_.empty()) {
      const std::uint32_t heard = bell_.rung.load();
      if (!advance_all()) bell_.rung.wait(heard);
    }
  }

 private:
  std::uint64_t roll(std::uint64_t n) { return random_() % n; }
  std::string any_key() { return "/key/" + std::to_string(roll(load_.keys)); }

  void act() {
    const std::uint64_t dice = roll(1000);
    if (dice < 500) look();
    else if (dice < 900) fetch();
    else if (dice < 950) refresh();
    else if (dice < 985) purge(any_key());
    else if (dice < 990) mark();
    else if (dice < 993) store_.purge_all(roll(2) == 0);
    else if (dice < 996) die();
    else store_.stats();
  }

  void look() {
    const std::string key = any_key();
    const LookupResult found = store_.lookup(number_, hash_of(key), bytes_of(key), now);
    if (!found.ref) return;
    if (text_of(found.view.key) != key) faults_.wrong_key += 1;
    if (found.state != LookupState::object || roll(2) == 0) {
      if (found.state == LookupState::object && !is_right(version_of(found.view), 0, found.view.body)) faults_.wrong_bytes += 1;
      store_.unpin(number_, found.ref);
      return;
    }
    read_object(key, found.ref);
  }

  void read_object(const std::string& key, ObjectRef ref) {
    auto following = std::make_unique<Following>();
    following->key = key;
    store_.open_reader(number_, ref, following->reader);
    following_.push_back(std::move(following));
  }

  void fetch() {
    const std::string key = any_key();
    auto following = std::make_unique<Following>();
    following->key = key;
    const bool reads = roll(8) != 0;
    const FillResult begun = store_.begin_fill({hash_of(key), bytes_of(key), number_, 0, now, {}}, reads ? &following->reader : nullptr);
    if (begun.kind == FillKind::leader) lead(begun.fill);
    if (begun.kind == FillKind::varies) store_.unpin(number_, begun.object);
    if (begun.kind == FillKind::object) {
      if (roll(2) == 0) store_.unpin(number_, begun.object);
      else read_object(key, begun.object);
    }
    if (following->reader.is_open()) following_.push_back(std::move(following));
  }

  void lead(FillRef fill) {
    Leading leading{};
    leading.fill = fill;
    leading.version = static_cast<std::uint32_t>(random_());
    const std::uint64_t kind = roll(20);
    leading.length = kind < 14 ? roll(3000) : kind < 19 ? roll(100'000) : roll(400'000);
    leading.announces = roll(2) == 0;
    leading_.push_back(leading);
  }

  void refresh() {
    const std::string key = any_key();
    const LookupResult old = store_.lookup(number_, hash_of(key), bytes_of(key), now);
    if (old.state == LookupState::object) {
      const FillResult begun = store_.begin_fill({hash_of(key), bytes_of(key), number_, 0, now, old.ref}, nullptr);
      if (begun.kind == FillKind::object || begun.kind == FillKind::varies) store_.unpin(number_, begun.object);
      if (begun.kind == FillKind::leader) {
        const ObjectRef fresh = store_.refresh(number_, old.ref, begun.fill, old.view.head, old.view.meta);
        if (fresh) store_.unpin(number_, fresh);
      }
    }
    if (old.ref) store_.unpin(number_, old.ref);
  }

  void purge(const std::string& key) { store_.purge(hash_of(key), bytes_of(key), roll(3) == 0); }

  void mark() {
    const std::string key = any_key();
    ObjectMeta meta;
    meta.flags = roll(2) == 0 ? object_flag::vary_marker : object_flag::pass_marker;
    meta.fresh_until = now + 10;
    store_.put_marker(hash_of(key), bytes_of(key), bytes_of("accept"), meta, now);
    if (roll(2) == 0) purge(key);
  }

  // As the cleanup of a worker: readers and pins are given back, fills are left to the store.
  void die() {
    following_.clear();
    leading_.clear();
    if (store_.worker_died(number_) != 0) faults_.left_pins += 1;
  }

  void advance_some() {
    if (!following_.empty()) follow_step(roll(following_.size()));
    if (!leading_.empty()) lead_step(roll(leading_.size()));
    while (following_.size() + leading_.size() > load_.active_max) {
      const std::uint32_t heard = bell_.rung.load();
      if (!advance_all()) bell_.rung.wait(heard);
    }
  }

  // False if everything waits.
  bool advance_all() {
    bool has_moved = false;
    for (std::size_t i = following_.size(); i-- > 0;) has_moved = follow_step(i) || has_moved;
    for (std::size_t i = leading_.size(); i-- > 0;) has_moved = lead_step(i) || has_moved;
    return has_moved;
  }

  static std::uint32_t version_of(const ObjectView& view) {
    std::uint32_t version = 0;
    if (view.head.size() == sizeof version) std::memcpy(&version, view.head.data(), sizeof version);
    return version;
  }

  bool follow_step(std::size_t at) {
    Following& f = *following_[at];
    if (f.waits && f.heard == bell_.rung.load()) return false;
    f.waits = false;
    f.heard = bell_.rung.load();
    if (!f.has_head) {
      const FollowState state = store_.follow_state(f.reader);
      if (state == FollowState::waiting) return !(f.waits = true);
      if (state != FollowState::head) return finish(at);
      ObjectView view;
      if (!store_.view(f.reader.object(), view)) return finish(at);  // failed since
      if (text_of(view.key) != f.key) faults_.wrong_key += 1;
      f.version = version_of(view);
      f.length = view.body_length;
      f.has_head = true;
      if (roll(6) == 0 && f.length != unknown_length && f.length > 10) f.reader.range(f.length / 3, f.length - 1);
    }
    Bytes pieces[3];
    std::size_t count = 0;
    switch (f.reader.gather(std::span(pieces).first(1 + roll(3)), count)) {
      case ReadState::data: {
        std::uint64_t position = f.reader.position();
        std::uint64_t shown = 0;
        for (std::size_t i = 0; i < count; ++i) {
          if (!is_right(f.version, position + shown, pieces[i])) faults_.wrong_bytes += 1;
          shown += pieces[i].size();
        }
        f.reader.advance(roll(3) == 0 ? 1 + roll(shown) : shown);
        if (roll(200) == 0) finish(at);
        return true;
      }
      case ReadState::wait:
        return !(f.waits = true);
      case ReadState::end:
        if (f.length != unknown_length && f.reader.position() != f.length) faults_.wrong_length += 1;
        return finish(at);
      case ReadState::aborted:
        return finish(at);
    }
    return true;
  }

  bool finish(std::size_t at) {
    std::swap(following_[at], following_.back());
    following_.pop_back();
    return true;
  }

  bool end_fill(std::size_t at) {
    leading_[at] = leading_.back();
    leading_.pop_back();
    return true;
  }

  bool abort_fill(std::size_t at, AbortCause cause) {
    store_.abort(leading_[at].fill, cause);
    return end_fill(at);
  }

  bool lead_step(std::size_t at) {
    Leading& l = leading_[at];
    if (l.waits && l.heard == bell_.rung.load()) return false;
    l.waits = false;
    l.heard = bell_.rung.load();
    if (!l.has_head) {
      const std::uint64_t dice = roll(20);
      if (dice == 0) return abort_fill(at, AbortCause::released);
      if (dice == 1) return abort_fill(at, AbortCause::failed_before_head);
      ObjectMeta meta;
      meta.fresh_until = now + static_cast<std::uint32_t>(roll(2));
      meta.status = 200;
      const Bytes head{reinterpret_cast<const std::uint8_t*>(&l.version), sizeof l.version};
      if (store_.set_head(l.fill, head, meta, l.announces ? l.length : unknown_length) == HeadState::refused) return abort_fill(at, AbortCause::released);
      l.has_head = true;
      return true;
    }
    if (l.written == l.length || roll(200) == 0) {
      store_.complete(l.fill);
      return end_fill(at);
    }
    std::span<std::uint8_t> room;
    switch (store_.writable(l.fill, room)) {
      case WriteState::wait:
        return !(l.waits = true);
      case WriteState::no_readers:
      case WriteState::refused:
        return abort_fill(at, AbortCause::failed_after_head);
      case WriteState::ready:
        break;
    }
    const std::size_t most = std::min<std::uint64_t>(room.size(), l.length - l.written);
    const std::size_t n = roll(2) == 0 ? most : 1 + roll(most);
    for (std::size_t i = 0; i < n; ++i) room[i] = byte_at(l.version, l.written + i);
    store_.commit(l.fill, n);
    l.written += n;
    return true;
  }

  Store& store_;
  const Load load_;
  const std::uint32_t number_;
  Bell& bell_;
  Faults& faults_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Following>> following_;
  std::vector<Leading> leading_;
};

struct Run {
  explicit Run(const Load& given) : load(given) {
    Config config;
    config.bytes_max = load.bytes_max;
    config.object_bytes_max = 64 * 1024;
    config.window_bytes = 32 * 1024;
    config.workers_max = workers;
    config.notify = [](void* context, std::uint32_t worker, std::uint32_t, std::uint32_t) {
      Bell& bell = static_cast<Bell*>(context)[worker];
      bell.rung.fetch_add(1);
      bell.rung.notify_all();
    };
    config.notify_context = bells;
    store = Store::create(config);
    std::vector<std::thread> threads;
    for (std::uint32_t i = 0; i < workers; ++i) {
      threads.emplace_back([this, i] { Worker(*store, load, i, bells[i], faults).run(); });
    }
    for (int i = 0; load.kills && i < 60; ++i) {
      std::thread([this, i] {
        const Inside in(*store);
        (i % 2 == 0 ? in.root.shards[0].lock : in.root.arenas[0].lock).take();
      }).join();
      while (store->stats().recovered < static_cast<std::uint64_t>(i / 2 + 1)) std::this_thread::yield();
    }
    for (std::thread& thread : threads) thread.join();
  }
  ~Run() { Store::destroy(store); }

  // What must hold when all have ended.
  bool is_clean() {
    const Stats stats = store->stats();
    const Inside in(*store);
    std::printf("# %llu hits, %llu fills, %llu stored, %llu collapsed, %llu windowed, %llu evicted, %llu refused, %llu recovered\n",
                static_cast<unsigned long long>(stats.hits), static_cast<unsigned long long>(stats.fills), static_cast<unsigned long long>(stats.stored),
                static_cast<unsigned long long>(stats.collapsed), static_cast<unsigned long long>(stats.windowed), static_cast<unsigned long long>(stats.evictions),
                static_cast<unsigned long long>(stats.refused), static_cast<unsigned long long>(stats.recovered));
    if (stats.pins != 0 || stats.fills_active != 0 || stats.bytes_unlinked != 0 || stats.bytes_used > stats.bytes_max) return false;
    store->purge_all(false);
    for (std::uint64_t i = 0; i < load.keys; ++i) {
      const std::string key = "/key/" + std::to_string(i);
      if (store->lookup(0, hash_of(key), bytes_of(key), now).state != LookupState::miss) return false;
    }
    return store->stats().bytes_objects == 0 && in.root.linked_granules == 0 && store->stats().objects == 0 && ArenaView(in.base, in.root.arenas[0]).is_sound();
  }
  bool is_faultless() const { return faults.wrong_bytes == 0 && faults.wrong_length == 0 && faults.wrong_key == 0 && faults.left_pins == 0; }

  const Load load;
  Bell bells[workers];
  Faults faults;
  Store* store = nullptr;
};

}  // namespace

TEST(four_workers_with_room_enough) {
  auto run = std::make_unique<Run>(Load{16u << 20, 60, 40, false});
  CHECK(run->is_faultless());
  CHECK(run->is_clean());
}

TEST(four_workers_that_evict_all_the_time) {
  auto run = std::make_unique<Run>(Load{3u << 19, 400, 6, false});
  CHECK(run->is_faultless());
  CHECK(run->is_clean());
}

TEST(four_workers_with_far_too_little_room) {
  auto run = std::make_unique<Run>(Load{1u << 20, 60, 40, false});
  CHECK(run->is_faultless());
  CHECK(run->is_clean());
}

TEST(four_workers_while_threads_die_with_locks) {
  auto run = std::make_unique<Run>(Load{4u << 20, 60, 40, true});
  CHECK(run->is_faultless());
  CHECK(run->is_clean());
}

PARAPET_TEST_MAIN
