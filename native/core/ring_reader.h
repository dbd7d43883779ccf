// The reading side of a ring (src/logs/ring/layout.ts): the shipper follows a live one, and takes over the rings of
// workers that are gone. Nothing of the file is trusted: a frame that makes no sense is skipped, and its bytes counted.
#pragma once
#include <cstdint>

#include "record.h"
#include "ring_layout.gen.h"

namespace parapet {

enum class RingFound : std::uint8_t {
    ring,
    error,    ///< It could not be opened or mapped; errno tells.
    blank,    ///< It was never finished, and so never held a record.
    unknown,  ///< Another version of the ring or of the record.
    damaged,  ///< The header contradicts itself or the file.
};

enum class RingStep : std::uint8_t { frame, end, damaged };

class RingReader {
public:
    RingReader() = default;
    ~RingReader() { close(); }
    RingReader(const RingReader&) = delete;
    RingReader& operator=(const RingReader&) = delete;

    RingFound open(const char* path, int& error) noexcept;
    void close() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return base_ != nullptr; }

    [[nodiscard]] std::uint64_t head() const noexcept;
    [[nodiscard]] std::uint64_t tail() const noexcept;
    [[nodiscard]] std::uint64_t bytes_max() const noexcept { return mask_ + 1; }
    [[nodiscard]] std::uint32_t slot_count() const noexcept { return slot_count_; }
    /// A word of the header page.
    [[nodiscard]] std::uint64_t header_u64(std::int32_t offset) const noexcept;
    [[nodiscard]] std::uint32_t header_u32(std::int32_t offset) const noexcept;

    /// The frame at `position`, which moves past it (and past padding before it). `limit` is a tail that was read before.
    /// `damaged`: what is there makes no sense; `position` stays, and the rest up to `limit` cannot be read.
    RingStep next(std::uint64_t& position, std::uint64_t limit, const std::uint8_t*& frame) const noexcept;
    /// Gives the frames before `position` back to the writer.
    void advance(std::uint64_t position) noexcept;
    /// Asks the writer to signal the wake descriptor at its next record.
    void arm(bool is_armed) noexcept;

    // Only once the writer is gone.

    /// Takes in the frame that was prepared, and settles what else the writer was about to do.
    void seal() noexcept;
    /// Leftovers: one per live slot (an exchange that was interrupted), and at index `slot_count()` the loss that was not
    /// told. Builds the frame of leftover `index` at `frame` (`leftover_bytes_max`); false: there is none.
    bool leftover(std::uint32_t index, std::uint64_t sequence, std::uint8_t* frame) const noexcept;
    [[nodiscard]] std::uint32_t live_slots() const noexcept;
    /// Forgets the leftovers before `index`, whose numbers ended before `next_sequence`. Harmless when it is done again.
    void free_leftovers_before(std::uint32_t index, std::uint64_t next_sequence) noexcept;

    static constexpr std::uint32_t leftover_bytes_max = 1024;

private:
    [[nodiscard]] const std::uint8_t* slot(std::uint32_t index) const noexcept {
        return slots_ + std::size_t{index} * ring::slot_bytes;
    }
    bool is_consistent(std::uint64_t file_bytes) noexcept;
    void free_slots_of(std::uint64_t ray) noexcept;
    bool loss_leftover(std::uint8_t* frame) const noexcept;

    std::uint8_t* base_ = nullptr;
    std::uint8_t* slots_ = nullptr;
    const std::uint8_t* frames_ = nullptr;
    std::uint64_t mask_ = 0;
    std::uint64_t file_bytes_ = 0;
    std::uint32_t slot_count_ = 0;
};

}  // namespace parapet
