// Frames outside of a ring: taken out of one as they are, one behind the other without padding, and made into lines.
#pragma once
#include <cstdint>
#include <span>

#include "ndjson.h"
#include "ring_reader.h"

namespace parapet {

/// Copies committed frames into `out`. `state` is `take_state`.
void take_frames(const RingReader& ring, std::span<std::uint8_t> out, double* state) noexcept;
/// The same for the leftovers of a ring whose writer is gone; the position is an index of a leftover.
void take_leftovers(const RingReader& ring, std::span<std::uint8_t> out, double* state) noexcept;

/// Puts out the lines of as many frames of `frames` as fit, or with no program passes over them. `state` is
/// `encode_state`; its positions are offsets in `frames`.
Encoded encode_span(std::span<const std::uint8_t> frames, LineProgram* program, std::span<std::uint8_t> out, double* state) noexcept;

/// Puts out the line that tells of a loss.
Encoded encode_loss(const RecordLoss& loss, LineProgram& program, std::span<std::uint8_t> out, double* state) noexcept;

/// Spreads ray ids, which are counted, evenly over 2^32: the same record is in the sample of every job of a rate.
[[nodiscard]] std::uint32_t sample_hash(std::uint64_t ray) noexcept;

}  // namespace parapet
