// One thread writes a ring and another reads it, as fast as they can: every record comes whole, in order and once, and what
// found no space is told.
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>

#include "../core/contract.gen.h"
#include "check.h"
#include "ring_support.h"

using namespace parapet;
using namespace parapet::test;

namespace {

constexpr std::uint64_t records = 400'000;

struct Seen {
    std::uint64_t records = 0;
    std::uint64_t lost = 0;
    std::uint64_t next_sequence = 0;
    std::uint64_t faults = 0;

    void take(const std::uint8_t* frame) {
        if (sequence_of(frame) != next_sequence) ++faults;
        if (is_loss(frame)) {
            const auto count = fixed_of<std::uint64_t>(frame, offsetof(RecordFixed, lost_records));
            if (fixed_of<std::uint64_t>(frame, offsetof(RecordFixed, lost_last_sequence)) != next_sequence + count - 1) ++faults;
            lost += count;
            next_sequence += count;
            return;
        }
        ++records;
        ++next_sequence;
        // The path says which record it is, the length of the agent too.
        const std::uint64_t ray = ray_of(frame);
        if (string_of(frame, record_string::path) != "/" + std::to_string(ray)) ++faults;
        const std::string agent = string_of(frame, record_string::user_agent);
        if (agent.size() != ray % 700 || agent.find_first_not_of('u') != std::string::npos) ++faults;
    }
};

void write_all(RingWriter& writer, std::atomic<bool>& done) {
    const std::string agent(700, 'u');
    for (std::uint64_t ray = 1; ray <= records; ++ray) {
        const std::string path = "/" + std::to_string(ray);
        const auto slot = static_cast<std::uint32_t>(ray % 16);
        writer.slot_begin(slot, head(ray, path));
        RecordInput input = record(ray, slot);
        input.strings.path = path;
        input.strings.user_agent = std::string_view(agent).substr(0, ray % 700);
        if (ray % 5 == 0) {
            writer.prepare(input);
            writer.rollback();
        }
        writer.prepare(input);
        writer.commit();
        if (ray % 1000 == 0) writer.tick();
    }
    done.store(true);
}

}  // namespace

TEST(a_writer_and_a_reader_at_once) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    RingWriter writer;
    CHECK_EQ(writer.open(ring_options(path)).kind, RingKind::file);
    RingReader reader;
    int error = 0;
    CHECK_EQ(reader.open(path.c_str(), error), RingFound::ring);
    std::atomic<bool> done{false};
    std::thread thread([&] { write_all(writer, done); });
    Seen seen;
    std::uint64_t position = 0;
    bool is_whole = true;
    for (std::uint64_t round = 0; is_whole; ++round) {
        const bool is_last = done.load();
        is_whole = read_frames(reader, position, [&](const std::uint8_t* frame) { seen.take(frame); });
        // A reader that is late now and then lets the ring fill up.
        if (round % 64 != 0) reader.advance(position);
        else if (!is_last) std::this_thread::yield();
        (void)reader.live_slots();
        if (is_last) break;
    }
    thread.join();
    reader.advance(position);
    writer.tick();
    CHECK(read_frames(reader, position, [&](const std::uint8_t* frame) { seen.take(frame); }));
    std::printf("# %llu records, %llu lost\n", static_cast<unsigned long long>(seen.records), static_cast<unsigned long long>(seen.lost));
    CHECK(is_whole);
    CHECK_EQ(seen.faults, 0u);
    CHECK_EQ(seen.records + seen.lost, records);
    CHECK_EQ(seen.lost, writer.counters().dropped);
    CHECK(seen.records > records / 100);
    CHECK_EQ(reader.live_slots(), 0u);
}

PARAPET_TEST_MAIN
