// The writer of one worker's log ring: a memory-mapped file whose layout and invariants are drawn in
// src/logs/ring/layout.ts. Single writer; nothing here blocks, allocates (after `open`) or makes a system call, save the
// wake of a reader that sleeps.
//
// The engine's use, for every exchange:
//     slot_begin(slot, head)                    when its head has been parsed
//     prepare(record)                           before the last bytes of its response are handed to the kernel
//     commit()                                  when the kernel took them (or the connection is gone: the record tells)
//     rollback()                                when the kernel took less than that: the exchange goes on, and is
//                                               prepared anew before the next attempt
// Between `prepare` and `commit`/`rollback` no other call is allowed but `slot_begin` of another slot.
#pragma once
#include <cstdint>
#include <string>

#include "record.h"
#include "ring_layout.gen.h"

namespace parapet {

struct RingOptions {
    /// Where the file is made; empty: memory only. A file that is there already is left alone, and another name found
    /// (`RingWriter::path`).
    std::string path;
    /// Bytes of the frame area: rounded up to a power of two within `ring::ring_bytes_min` and `ring::ring_bytes_max`.
    std::uint64_t frame_bytes = 16u << 20;
    /// Exchanges that can be live at once; a slot index beyond it is not tracked (and so not recovered).
    std::uint32_t slot_count = 4096;
    std::uint32_t worker_index = 0;
    std::uint64_t ring_id = 0;
    std::uint64_t boot_id = 0;
    /// Nanoseconds since 1970.
    std::uint64_t now_ns = 0;
    /// Signalled when the reader sleeps on it (`ring_wake_fd`); -1: never.
    int wake_fd = -1;
};

enum class RingKind : std::uint8_t {
    none,    ///< Not even memory: every record is dropped, and counted.
    memory,  ///< The file could not be made (`RingOpened::error`): records survive everything but the end of the process.
    file,
};

struct RingOpened {
    RingKind kind = RingKind::none;
    /// errno that the file met: ENOSPC, EACCES, EROFS, ...; 0 for `file`.
    int error = 0;
};

struct RingCounters {
    /// Records committed, losses told not counted.
    std::uint64_t records = 0;
    /// Records dropped because the ring was full (or there is none).
    std::uint64_t dropped = 0;
    /// Exchanges without a slot because their index was beyond the table.
    std::uint64_t untracked = 0;
    std::uint64_t bytes_used = 0;
    std::uint64_t bytes_max = 0;
};

class RingWriter {
public:
    RingWriter() = default;
    ~RingWriter();
    RingWriter(const RingWriter&) = delete;
    RingWriter& operator=(const RingWriter&) = delete;

    /// Makes the ring; falls back to memory when the file cannot be made. Call once.
    RingOpened open(const RingOptions& options) noexcept;
    /// What the reader opens: the file, or /proc/self/fd/N of a memory-only ring; empty where there is none.
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] RingKind kind() const noexcept { return kind_; }
    /// Says that nothing more will be written. Slots that are live become `interrupted` records. The file stays.
    void close() noexcept;

    /// Enters an exchange into the live table.
    void slot_begin(std::uint32_t slot, const SlotInput& input) noexcept;
    /// Takes it out without a record. Not needed after `prepare`.
    void slot_end(std::uint32_t slot) noexcept;

    /// Reserves and fills a frame. False: the ring is full, and `commit` will count the loss (`rollback` will not).
    /// Either way, exactly one of `commit` and `rollback` follows.
    bool prepare(const RecordInput& input) noexcept;
    void commit() noexcept;
    void rollback() noexcept;

    /// Tells a loss as soon as there is space again, also when no record follows. Call about once a second.
    void tick() noexcept;

    [[nodiscard]] RingCounters counters() const noexcept;

private:
    [[nodiscard]] bool has_space(std::uint32_t bytes) noexcept;
    std::uint8_t* reserve(std::uint32_t bytes) noexcept;
    bool tell_loss(std::uint32_t bytes_after) noexcept;
    void publish(std::uint8_t* frame, std::uint32_t bytes, std::uint64_t sequence) noexcept;
    void advance(std::uint8_t* frame, std::uint32_t bytes) noexcept;
    void count_loss() noexcept;
    void set_slot_live(std::uint32_t slot, std::uint32_t live) noexcept;
    void wake() noexcept;
    [[nodiscard]] std::uint64_t& shared(std::int32_t offset) const noexcept {
        return *reinterpret_cast<std::uint64_t*>(base_ + offset);
    }

    std::uint8_t* base_ = nullptr;
    std::uint8_t* frames_ = nullptr;
    std::uint8_t* slots_ = nullptr;
    std::uint64_t mask_ = 0;
    std::uint64_t tail_ = 0;
    /// The reader's position as last seen; loaded again only when the ring looks full.
    std::uint64_t head_seen_ = 0;
    std::uint64_t next_sequence_ = 0;
    std::uint64_t loss_count_ = 0;
    std::uint32_t slot_count_ = 0;

    // The exchange between prepare and commit.
    std::uint8_t* prepared_ = nullptr;
    std::uint32_t prepared_bytes_ = 0;
    std::uint32_t prepared_slot_ = no_log_slot;
    std::uint64_t prepared_end_ns_ = 0;

    RingCounters counters_;
    std::uint64_t file_bytes_ = 0;
    std::uint16_t worker_index_ = 0;
    RingKind kind_ = RingKind::none;
    int wake_fd_ = -1;
    int memory_fd_ = -1;
    std::string path_;
};

/// The descriptor (an eventfd of the process, made at the first call) that wakes a reader that sleeps; -1 where none can
/// be made.
int ring_wake_fd() noexcept;

}  // namespace parapet
