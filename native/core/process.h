// What the engines of one process share: statistics pages, mailboxes, connection counts per address and per origin server.
// All of it outlives any worker; an engine attaches by its worker index.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "address.h"
#include "contract.gen.h"
#include "zone_tally.h"

namespace parapet {

inline constexpr std::uint32_t workers_max = 256;

/// Counters of one worker slot: written by its worker alone, read by anybody.
class StatsPage {
public:
    static constexpr std::size_t page_bytes = 4096;
    static_assert(static_cast<std::size_t>(counter_count) * 8 <= page_bytes);
    void add(std::int32_t counter, std::uint64_t n = 1) noexcept {
        auto& value = values_[counter];
        value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void subtract(std::int32_t counter, std::uint64_t n = 1) noexcept { add(counter, ~n + 1); }
    void set(std::int32_t counter, std::uint64_t n) noexcept { values_[counter].store(n, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t get(std::int32_t counter) const noexcept { return values_[counter].load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> values_[page_bytes / 8];
};
static_assert(sizeof(StatsPage) == StatsPage::page_bytes);

/// Messages to one worker from the others; its descriptor becomes readable when there are any.
struct Message {
    enum class Kind : std::uint32_t { store_progress, server_wanted, server_free };
    Kind kind;
    std::uint32_t a;
    std::uint32_t b;
};

class Mailbox {
public:
    /// Opens the descriptor (an eventfd) on first use and empties the box. -1: it could not be opened.
    int attach() noexcept;
    void detach() noexcept;
    void post(const Message& message) noexcept;
    void take(std::vector<Message>& into) noexcept;

private:
    std::mutex mutex_;
    std::vector<Message> messages_;
    int fd_ = -1;
    bool attached_ = false;
    bool signalled_ = false;
};

/// Client connections by address, over all workers; IPv6 is counted by its /64.
class AddressCounts {
public:
    /// Counts one more; false, and nothing counted, when `max` is reached.
    bool enter(const Address& address, std::uint32_t max) noexcept;
    void leave(const Address& address) noexcept;

private:
    struct Key {
        std::uint64_t high;
        std::uint64_t low;
    };
    struct Entry {
        Key key;
        std::uint32_t count;
    };
    // Open addressing in shards; an empty slot has count 0. Grows by doubling.
    struct Shard {
        std::mutex mutex;
        std::vector<Entry> entries;
        std::uint32_t used = 0;
    };
    static constexpr std::uint32_t shards = 16;
    static Key key_of(const Address& address) noexcept;
    static std::uint64_t hash(const Key& key) noexcept;
    static void grow(Shard& shard) noexcept;
    Shard shards_[shards];
};

/// Connections and waiting exchanges of one origin server, over all workers.
struct ServerCounts {
    std::atomic<std::uint32_t> open{0};
    std::atomic<std::uint32_t> waiting{0};
};

/// Purges by URL must reach the keys that request fields extend (Origin and the like), without a list of them. Such a key carries
/// the epoch of its URL; a purge raises the epoch, so that no request finds the old key again. Epochs are drawn from one count,
/// so that they also tell whether a URL was invalidated since an origin was asked. URLs share epochs by hash: a purge may reach
/// more than it has to, never less.
class PurgeEpochs {
public:
    static constexpr std::uint32_t slots = 65536;
    [[nodiscard]] std::uint32_t get(std::uint64_t hash) const noexcept { return static_cast<std::uint32_t>(of(hash).load(std::memory_order_acquire)); }
    [[nodiscard]] const std::atomic<std::uint64_t>& of(std::uint64_t hash) const noexcept { return epochs_[hash % slots]; }
    /// The highest epoch that was given.
    [[nodiscard]] std::uint64_t last() const noexcept { return last_.load(std::memory_order_acquire); }
    void raise(std::uint64_t hash) noexcept {
        const std::uint64_t epoch = last_.fetch_add(1, std::memory_order_acq_rel) + 1;
        std::atomic<std::uint64_t>& own = epochs_[hash % slots];
        std::uint64_t seen = own.load(std::memory_order_relaxed);
        while (seen < epoch && !own.compare_exchange_weak(seen, epoch, std::memory_order_acq_rel)) {}
    }

private:
    std::atomic<std::uint64_t> last_{0};
    std::atomic<std::uint64_t> epochs_[slots] = {};
};

class Process {
public:
    static Process& get() noexcept;

    StatsPage& stats(std::uint32_t worker) noexcept;
    Mailbox& mailbox(std::uint32_t worker) noexcept { return mailboxes_[worker]; }
    AddressCounts addresses;
    PurgeEpochs purge_epochs;
    ZoneTally zone_tally;
    std::atomic<std::uint32_t> connections{0};
    /// Counts of a server id; kept for the life of the process (ids are reused by control only for the same server).
    ServerCounts& server(std::uint32_t id) noexcept;
    void post_to_others(std::uint32_t worker, const Message& message) noexcept;

private:
    Process() noexcept;
    StatsPage* pages_ = nullptr;
    Mailbox mailboxes_[workers_max];
    std::mutex servers_mutex_;
    std::vector<ServerCounts*> servers_;
};

}  // namespace parapet
