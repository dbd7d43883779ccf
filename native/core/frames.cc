#include "frames.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace parapet {
namespace {

namespace at_take = ring::take_state;
namespace at_state = encode::encode_state;
namespace word = ring::frame_word;

constexpr double ms_per_ns = 1e-6;

template <typename T>
T load(const std::uint8_t* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

template <typename T>
T fixed_at(const std::uint8_t* frame, std::size_t offset) noexcept {
    return load<T>(frame + ring::frame_header_bytes + offset);
}

bool is_loss(const std::uint8_t* frame) noexcept {
    return (load<std::uint16_t>(frame + word::flags) & ring::frame_flag::loss) != 0;
}

/// What a run of frames holds, in the words of a state.
struct Tally {
    std::uint64_t records = 0;
    std::uint64_t losses = 0;
    std::uint64_t lost = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    std::uint64_t first_ns = 0;
    std::uint64_t last_ns = 0;

    void add(const std::uint8_t* frame) noexcept {
        const auto sequence = load<std::uint64_t>(frame + word::sequence);
        const auto start = fixed_at<std::uint64_t>(frame, offsetof(RecordFixed, start_ns));
        const bool is_first = records + losses == 0;
        std::uint64_t covered = sequence;
        if (is_loss(frame)) {
            losses += 1;
            lost += fixed_at<std::uint64_t>(frame, offsetof(RecordFixed, lost_records));
            covered = fixed_at<std::uint64_t>(frame, offsetof(RecordFixed, lost_last_sequence));
        } else {
            records += 1;
        }
        // The loss that a dead writer did not tell comes last, and is older than the exchanges that it left.
        first_sequence = is_first ? sequence : std::min(first_sequence, sequence);
        last_sequence = is_first ? covered : std::max(last_sequence, covered);
        first_ns = is_first ? start : std::min(first_ns, start);
        last_ns = is_first ? start : std::max(last_ns, start);
    }

    void store(double* state) const noexcept {
        state[at_take::records] = static_cast<double>(records);
        state[at_take::losses] = static_cast<double>(losses);
        state[at_take::lost] = static_cast<double>(lost);
        state[at_take::first_sequence] = static_cast<double>(first_sequence);
        state[at_take::last_sequence] = static_cast<double>(last_sequence);
        state[at_take::first_ms] = static_cast<double>(first_ns) * ms_per_ns;
        state[at_take::last_ms] = static_cast<double>(last_ns) * ms_per_ns;
    }
};

}  // namespace

void take_frames(const RingReader& ring, std::span<std::uint8_t> out, double* state) noexcept {
    auto position = std::max(static_cast<std::uint64_t>(state[at_take::position]), ring.head());
    auto offset = static_cast<std::size_t>(state[at_take::offset]);
    const std::uint64_t limit = ring.tail();
    Tally tally;
    state[at_take::damaged_bytes] = 0;
    state[at_take::is_end] = 0;
    for (;;) {
        std::uint64_t after = position;
        const std::uint8_t* frame = nullptr;
        const RingStep step = ring.next(after, limit, frame);
        if (step == RingStep::damaged) {
            state[at_take::damaged_bytes] += static_cast<double>(limit - after);
            after = limit;
        }
        if (step != RingStep::frame) {
            position = after;
            state[at_take::is_end] = 1;
            break;
        }
        const std::size_t length = load<std::uint32_t>(frame + word::length);
        if (offset > out.size() || length > out.size() - offset) break;
        std::memcpy(out.data() + offset, frame, length);
        tally.add(frame);
        offset += length;
        position = after;
    }
    state[at_take::position] = static_cast<double>(position);
    state[at_take::offset] = static_cast<double>(offset);
    tally.store(state);
}

void take_leftovers(const RingReader& ring, std::span<std::uint8_t> out, double* state) noexcept {
    auto index = static_cast<std::uint32_t>(state[at_take::position]);
    auto offset = static_cast<std::size_t>(state[at_take::offset]);
    // Numbers go on where the writer stopped, in the order of the slots.
    std::uint64_t sequence = ring.header_u64(ring::ring_header::next_sequence);
    Tally tally;
    state[at_take::damaged_bytes] = 0;
    state[at_take::is_end] = 0;
    for (; offset <= out.size() && out.size() - offset >= RingReader::leftover_bytes_max; ++index) {
        if (index > ring.slot_count()) {
            state[at_take::is_end] = 1;
            break;
        }
        std::uint8_t* frame = out.data() + offset;
        if (!ring.leftover(index, sequence, frame)) continue;
        const std::uint32_t committed = ring::frame_state::committed;
        std::memcpy(frame + word::state, &committed, sizeof committed);
        tally.add(frame);
        offset += load<std::uint32_t>(frame + word::length);
        if (!is_loss(frame)) ++sequence;
    }
    state[at_take::position] = static_cast<double>(index);
    state[at_take::offset] = static_cast<double>(offset);
    tally.store(state);
}

std::uint32_t sample_hash(std::uint64_t ray) noexcept {
    // The finalizer of SplitMix64.
    std::uint64_t mixed = ray + 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return static_cast<std::uint32_t>((mixed ^ (mixed >> 31)) >> 32);
}

namespace {

enum class Put : std::uint8_t { taken, full, too_small };

/// One call's view of `encode_state`: where the output stands, what was put out.
class Lines {
public:
    Lines(LineProgram* program, std::span<std::uint8_t> out, double* state) noexcept
        : program_(program),
          out_(out),
          state_(state),
          offset_(static_cast<std::size_t>(state[at_state::offset])),
          sample_(static_cast<std::uint64_t>(state[at_state::sample_below])) {}

    [[nodiscard]] bool is_done() const noexcept { return static_cast<double>(tally_.records) >= state_[at_state::records_max]; }

    Put put(const std::uint8_t* frame, std::uint32_t length) noexcept {
        if (program_ != nullptr && load<std::uint16_t>(frame + word::dataset) != program_->dataset()) {
            ++foreign_;
            return Put::taken;
        }
        if (sample_ <= 0xffffffffu && !is_loss(frame) &&
            sample_hash(fixed_at<std::uint64_t>(frame, offsetof(RecordFixed, ray))) >= sample_) {
            ++sampled_;
            return Put::taken;
        }
        const Put done = program_ == nullptr ? Put::taken : put_line(frame, length);
        if (done == Put::taken) tally_.add(frame);
        return done;
    }

    Encoded finish(std::uint64_t position, bool is_stuck) noexcept {
        state_[at_state::position] = static_cast<double>(position);
        state_[at_state::offset] = static_cast<double>(offset_);
        state_[at_state::foreign] = static_cast<double>(foreign_);
        state_[at_state::sampled] = static_cast<double>(sampled_);
        state_[at_state::records] = static_cast<double>(tally_.records);
        state_[at_state::losses] = static_cast<double>(tally_.losses);
        state_[at_state::lost] = static_cast<double>(tally_.lost);
        state_[at_state::first_sequence] = static_cast<double>(tally_.first_sequence);
        state_[at_state::last_sequence] = static_cast<double>(tally_.last_sequence);
        state_[at_state::first_ms] = static_cast<double>(tally_.first_ns) * ms_per_ns;
        state_[at_state::last_ms] = static_cast<double>(tally_.last_ns) * ms_per_ns;
        return is_stuck && offset_ == 0 ? Encoded::output_too_small : Encoded::ok;
    }

private:
    Put put_line(const std::uint8_t* frame, std::uint32_t length) noexcept {
        if (out_.size() < offset_ || out_.size() - offset_ < program_->line_bytes_max(length)) return Put::too_small;
        const std::uint8_t* end = program_->run(frame, out_.data() + offset_);
        const auto ends_at = static_cast<std::size_t>(end - out_.data());
        if (offset_ != 0 && static_cast<double>(ends_at) > state_[at_state::soft_limit]) return Put::full;
        offset_ = ends_at;
        return Put::taken;
    }

    LineProgram* program_;
    std::span<std::uint8_t> out_;
    double* state_;
    std::size_t offset_;
    std::uint64_t sample_;
    std::uint64_t foreign_ = 0;
    std::uint64_t sampled_ = 0;
    Tally tally_;
};

}  // namespace

Encoded encode_span(std::span<const std::uint8_t> frames, LineProgram* program, std::span<std::uint8_t> out, double* state) noexcept {
    Lines lines(program, out, state);
    auto position = static_cast<std::size_t>(state[at_state::position]);
    const auto end = std::min(static_cast<std::size_t>(state[at_state::end_position]), frames.size());
    bool is_stuck = false;
    state[at_state::damaged_bytes] = 0;
    state[at_state::stop] = encode::encode_stop::full;
    while (!lines.is_done()) {
        if (position >= end) {
            state[at_state::stop] = encode::encode_stop::end;
            break;
        }
        const std::uint8_t* frame = frames.data() + position;
        const std::size_t left = end - position;
        const std::uint32_t length = left < ring::frame_header_bytes ? 0 : load<std::uint32_t>(frame + word::length);
        if (length < ring::frame_header_bytes || length % ring::frame_alignment != 0 || length > left ||
            !record_is_whole(frame, length)) {
            state[at_state::damaged_bytes] = static_cast<double>(left);
            position = end;
            continue;
        }
        const Put done = lines.put(frame, length);
        if (done != Put::taken) {
            is_stuck = done == Put::too_small;
            break;
        }
        position += length;
    }
    return lines.finish(position, is_stuck);
}

Encoded encode_loss(const RecordLoss& loss, LineProgram& program, std::span<std::uint8_t> out, double* state) noexcept {
    alignas(8) std::uint8_t frame[RingReader::leftover_bytes_max];
    const std::uint32_t bytes = record_write_loss(frame, loss);
    std::memcpy(frame + word::length, &bytes, sizeof bytes);
    state[at_state::position] = 0;
    state[at_state::end_position] = bytes;
    state[at_state::sample_below] = 4294967296.0;
    return encode_span({frame, bytes}, &program, out, state);
}

}  // namespace parapet
