#include "process.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

namespace parapet {

int Mailbox::attach() noexcept {
    const std::lock_guard lock(mutex_);
    if (fd_ < 0) fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    messages_.clear();
    attached_ = true;
    signalled_ = false;
    return fd_;
}

void Mailbox::detach() noexcept {
    const std::lock_guard lock(mutex_);
    attached_ = false;
    messages_.clear();
}

void Mailbox::post(const Message& message) noexcept {
    bool wake = false;
    int fd = -1;
    {
        const std::lock_guard lock(mutex_);
        if (!attached_) return;
        messages_.push_back(message);
        wake = !signalled_;
        signalled_ = true;
        fd = fd_;
    }
    if (wake) {
        const std::uint64_t one = 1;
        (void)!::write(fd, &one, sizeof one);
    }
}

void Mailbox::take(std::vector<Message>& into) noexcept {
    std::uint64_t ignored = 0;
    (void)!::read(fd_, &ignored, sizeof ignored);
    into.clear();
    const std::lock_guard lock(mutex_);
    into.swap(messages_);
    signalled_ = false;
}

AddressCounts::Key AddressCounts::key_of(const Address& address) noexcept {
    Key key;
    std::memcpy(&key.high, address.bytes, 8);
    std::memcpy(&key.low, address.bytes + 8, 8);
    if (!address.is_v4()) key.low = 0;
    return key;
}

std::uint64_t AddressCounts::hash(const Key& key) noexcept {
    std::uint64_t x = key.high ^ (key.low * 0x9e3779b97f4a7c15ull);
    x = (x ^ (x >> 31)) * 0xbf58476d1ce4e5b9ull;
    return x ^ (x >> 29);
}

void AddressCounts::grow(Shard& shard) noexcept {
    std::vector<Entry> old;
    old.swap(shard.entries);
    shard.entries.assign(old.empty() ? 64 : old.size() * 2, Entry{{0, 0}, 0});
    const std::size_t mask = shard.entries.size() - 1;
    for (const Entry& entry : old) {
        if (entry.count == 0) continue;
        std::size_t at = hash(entry.key) >> 4 & mask;
        while (shard.entries[at].count != 0) at = (at + 1) & mask;
        shard.entries[at] = entry;
    }
}

bool AddressCounts::enter(const Address& address, std::uint32_t max) noexcept {
    const Key key = key_of(address);
    const std::uint64_t h = hash(key);
    Shard& shard = shards_[h % shards];
    const std::lock_guard lock(shard.mutex);
    if (shard.entries.empty() || shard.used * 2 >= shard.entries.size()) grow(shard);
    const std::size_t mask = shard.entries.size() - 1;
    std::size_t at = h >> 4 & mask;
    while (shard.entries[at].count != 0) {
        Entry& entry = shard.entries[at];
        if (entry.key.high == key.high && entry.key.low == key.low) {
            if (entry.count >= max) return false;
            ++entry.count;
            return true;
        }
        at = (at + 1) & mask;
    }
    if (max == 0) return false;
    shard.entries[at] = {key, 1};
    ++shard.used;
    return true;
}

void AddressCounts::leave(const Address& address) noexcept {
    const Key key = key_of(address);
    const std::uint64_t h = hash(key);
    Shard& shard = shards_[h % shards];
    const std::lock_guard lock(shard.mutex);
    if (shard.entries.empty()) return;
    const std::size_t mask = shard.entries.size() - 1;
    std::size_t at = h >> 4 & mask;
    while (shard.entries[at].count != 0) {
        Entry& entry = shard.entries[at];
        if (entry.key.high == key.high && entry.key.low == key.low) {
            if (--entry.count != 0) return;
            // Close the gap: entries behind that probed over it move up (backward-shift deletion).
            --shard.used;
            std::size_t hole = at;
            for (std::size_t next = (hole + 1) & mask; shard.entries[next].count != 0; next = (next + 1) & mask) {
                const std::size_t home = hash(shard.entries[next].key) >> 4 & mask;
                if (((next - home) & mask) >= ((next - hole) & mask)) {
                    shard.entries[hole] = shard.entries[next];
                    hole = next;
                }
            }
            shard.entries[hole].count = 0;
            return;
        }
        at = (at + 1) & mask;
    }
}

Process& Process::get() noexcept {
    static Process* const process = new Process;  // never destroyed: threads may end after static destruction
    return *process;
}

Process::Process() noexcept {
    void* at = ::mmap(nullptr, StatsPage::page_bytes * workers_max, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) std::abort();
    pages_ = static_cast<StatsPage*>(at);
}

StatsPage& Process::stats(std::uint32_t worker) noexcept { return pages_[worker < workers_max ? worker : workers_max - 1]; }

ServerCounts& Process::server(std::uint32_t id) noexcept {
    const std::lock_guard lock(servers_mutex_);
    if (id >= servers_.size()) servers_.resize(id + 1, nullptr);
    if (servers_[id] == nullptr) servers_[id] = new ServerCounts;
    return *servers_[id];
}

void Process::post_to_others(std::uint32_t worker, const Message& message) noexcept {
    for (std::uint32_t i = 0; i < workers_max; ++i) {
        if (i != worker) mailboxes_[i].post(message);
    }
}

}  // namespace parapet
