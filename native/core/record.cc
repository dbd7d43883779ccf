#include "record.h"

#include <algorithm>
#include <cstring>

#include "contract.gen.h"
#include "ring_layout.gen.h"

namespace parapet {
namespace {

constexpr std::uint32_t header_bytes = ring::frame_header_bytes;
constexpr std::uint32_t table_bytes = record_string_count * 4;
constexpr std::uint32_t strings_at = header_bytes + static_cast<std::uint32_t>(sizeof(RecordFixed)) + table_bytes;

// Path and query share one bound, the annotations another, every other string has its own; offsets into the frame must fit 16 bits.
static_assert(strings_at + record_target_bytes_max + annotation_bytes_max +
                  (record_string_count - 2 - annotations_count) * record_string_bytes_max + 8 <=
              ring::frame_bytes_max);
static_assert(record_string::query == record_string::path + 1);
static_assert(record_string::security_sources == record_annotations_at + annotations_count - 1);

/// What is kept of each string.
struct Lengths {
    std::uint32_t kept[record_string_count];
    std::uint32_t sum = 0;
    bool truncated = false;
};

Lengths measure(const RecordStrings& strings) noexcept {
    Lengths lengths;
    std::uint32_t target_left = record_target_bytes_max;
    std::uint32_t annotations_left = annotation_bytes_max;
    for (std::uint32_t index = 0; index < record_string_count; ++index) {
        const std::size_t size = (strings.*record_string_members[index]).size();
        const bool is_target = index == record_string::path || index == record_string::query;
        const bool is_annotation = index - record_annotations_at < annotations_count;
        const std::uint32_t bound = is_target ? target_left : is_annotation ? annotations_left : record_string_bytes_max;
        const auto kept = static_cast<std::uint32_t>(std::min<std::size_t>(size, bound));
        if (is_target) target_left -= kept;
        if (is_annotation) annotations_left -= kept;
        lengths.truncated |= kept < size;
        lengths.kept[index] = kept;
        lengths.sum += kept;
    }
    // The host sent to the origin is nearly always the client's own: the table may name the same bytes twice.
    if (strings.edge_host.data() == strings.host.data() && strings.edge_host.size() == strings.host.size()) {
        lengths.sum -= lengths.kept[record_string::edge_host];
    }
    return lengths;
}

std::uint32_t frame_bytes(const Lengths& lengths) noexcept {
    constexpr std::uint32_t mask = ring::frame_alignment - 1;
    return (strings_at + lengths.sum + mask) & ~mask;
}

void put16(std::uint8_t* at, std::uint32_t value) noexcept {
    const auto narrow = static_cast<std::uint16_t>(value);
    std::memcpy(at, &narrow, sizeof narrow);
}

}  // namespace

std::uint32_t record_frame_bytes(const RecordStrings& strings) noexcept { return frame_bytes(measure(strings)); }

std::uint32_t record_write(std::uint8_t* frame, const RecordFixed& fixed, const RecordStrings& strings) noexcept {
    const Lengths lengths = measure(strings);
    put16(frame + ring::frame_word::dataset, ring::dataset::http_requests);
    put16(frame + ring::frame_word::flags, 0);
    std::memset(frame + ring::frame_word::reserved, 0, sizeof(std::uint32_t));
    std::memcpy(frame + header_bytes, &fixed, sizeof fixed);
    if (lengths.truncated) frame[header_bytes + offsetof(RecordFixed, flags)] |= record_flag::truncated;

    std::uint8_t* table = frame + header_bytes + sizeof fixed;
    std::uint32_t at = strings_at;
    const bool same_host =
        strings.edge_host.data() == strings.host.data() && strings.edge_host.size() == strings.host.size();
    std::uint32_t host_at = 0;
    for (std::uint32_t index = 0; index < record_string_count; ++index, table += 4) {
        const std::uint32_t kept = lengths.kept[index];
        put16(table + 2, kept);
        if (index == record_string::edge_host && same_host) {
            put16(table, host_at);
            continue;
        }
        put16(table, at);
        if (index == record_string::host) host_at = at;
        if (kept != 0) std::memcpy(frame + at, (strings.*record_string_members[index]).data(), kept);
        at += kept;
    }
    return frame_bytes(lengths);
}

bool record_is_whole(const std::uint8_t* frame, std::uint32_t length) noexcept {
    if (length < strings_at) return false;
    const std::uint8_t* table = frame + header_bytes + sizeof(RecordFixed);
    for (std::uint32_t index = 0; index < record_string_count; ++index, table += 4) {
        std::uint16_t entry[2];
        std::memcpy(entry, table, sizeof entry);
        if (entry[0] < strings_at || std::uint32_t{entry[0]} + entry[1] > length) return false;
    }
    return true;
}

std::uint32_t record_write_loss(std::uint8_t* frame, const RecordLoss& loss) noexcept {
    RecordFixed fixed;
    fixed.start_ns = loss.since_ns;
    fixed.end_ns = loss.until_ns;
    fixed.lost_records = loss.records;
    fixed.lost_last_sequence = loss.last_sequence;
    fixed.outcome = static_cast<std::uint8_t>(outcome::lost);
    fixed.reason = loss.reason;
    fixed.worker_index = loss.worker_index;
    const std::uint32_t bytes = record_write(frame, fixed, {});
    put16(frame + ring::frame_word::flags, ring::frame_flag::loss);
    std::memcpy(frame + ring::frame_word::sequence, &loss.first_sequence, sizeof loss.first_sequence);
    return bytes;
}

}  // namespace parapet
