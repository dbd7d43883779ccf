// The ring writer and its reader: frames in order across the end of the area, the prepared frame, losses, the live table.
#include "../core/ring.h"

#include <sys/mount.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "../core/contract.gen.h"
#include "check.h"
#include "ring_support.h"

using namespace parapet;
using namespace parapet::test;

namespace {

std::vector<std::uint64_t> rays(const RingReader& reader, std::uint64_t& position) {
    std::vector<std::uint64_t> found;
    if (!read_frames(reader, position, [&](const std::uint8_t* frame) { found.push_back(ray_of(frame)); })) found.push_back(~0u);
    return found;
}

void write(RingWriter& writer, const RecordInput& input) {
    writer.prepare(input);
    writer.commit();
}

}  // namespace

TEST(a_record_is_read_as_it_was_written) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    RingWriter writer;
    CHECK_EQ(writer.open(ring_options(path)).kind, RingKind::file);
    RecordInput input = record(0xabc);
    input.strings.user_agent = "curl/8";
    input.strings.query = "a=b";
    write(writer, input);

    RingReader reader;
    int error = 0;
    CHECK_EQ(reader.open(path.c_str(), error), RingFound::ring);
    CHECK_EQ(reader.header_u64(ring::ring_header::ring_id), 7u);
    std::uint64_t position = reader.head();
    std::uint32_t count = 0;
    std::string agent;
    std::string edge_host;
    std::uint16_t worker = 0;
    CHECK(read_frames(reader, position, [&](const std::uint8_t* frame) {
        ++count;
        agent = string_of(frame, record_string::user_agent);
        edge_host = string_of(frame, record_string::edge_host);
        worker = fixed_of<std::uint16_t>(frame, offsetof(RecordFixed, worker_index));
    }));
    CHECK_EQ(count, 1u);
    CHECK_EQ(agent, std::string("curl/8"));
    CHECK_EQ(edge_host, std::string("example.com"));
    CHECK_EQ(worker, 3u);
}

TEST(long_strings_are_cut_and_the_record_says_so) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    RingWriter writer;
    writer.open(ring_options(path));
    const std::string big(70'000, 'x');
    RecordInput input = record(1);
    for (const auto member : record_string_members) input.strings.*member = big;
    CHECK(writer.prepare(input));
    writer.commit();
    RingReader reader;
    int error = 0;
    CHECK_EQ(reader.open(path.c_str(), error), RingFound::ring);
    std::uint64_t position = 0;
    std::size_t path_bytes = 0;
    std::size_t query_bytes = 0;
    std::size_t agent_bytes = 0;
    std::uint8_t flags = 0;
    CHECK(read_frames(reader, position, [&](const std::uint8_t* frame) {
        path_bytes = string_of(frame, record_string::path).size();
        query_bytes = string_of(frame, record_string::query).size();
        agent_bytes = string_of(frame, record_string::user_agent).size();
        flags = fixed_of<std::uint8_t>(frame, offsetof(RecordFixed, flags));
    }));
    CHECK_EQ(path_bytes, record_target_bytes_max);
    CHECK_EQ(query_bytes, 0u);
    CHECK_EQ(agent_bytes, record_string_bytes_max);
    CHECK_EQ(flags & record_flag::truncated, record_flag::truncated);
}

TEST(records_come_in_order_through_many_laps) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    RingWriter writer;
    writer.open(ring_options(path));
    RingReader reader;
    int error = 0;
    CHECK_EQ(reader.open(path.c_str(), error), RingFound::ring);
    std::uint64_t position = 0;
    std::uint64_t expected = 1;
    const std::string filler(9000, 'f');
    for (std::uint64_t ray = 1; ray <= 20'000; ++ray) {
        RecordInput input = record(ray);
        input.strings.path = std::string_view(filler).substr(0, (ray * 2654435761u) % 9000);
        input.strings.user_agent = std::string_view(filler).substr(0, ray % 300);
        CHECK(writer.prepare(input));
        writer.commit();
        if (ray % 7 != 0) continue;
        for (const std::uint64_t found : rays(reader, position)) CHECK_EQ(found, expected++);
        reader.advance(position);
    }
    CHECK(writer.counters().records == 20'000 && writer.counters().dropped == 0);
}

TEST(a_prepared_record_is_seen_after_its_commit_only) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    RingWriter writer;
    writer.open(ring_options(path));
    RingReader reader;
    int error = 0;
    reader.open(path.c_str(), error);
    std::uint64_t position = 0;
    CHECK(writer.prepare(record(1)));
    CHECK_EQ(rays(reader, position).size(), 0u);
    writer.commit();
    CHECK_EQ(rays(reader, position).size(), 1u);
}

TEST(a_record_that_was_taken_back_leaves_nothing) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    RingWriter writer;
    writer.open(ring_options(path));
    RingReader reader;
    int error = 0;
    reader.open(path.c_str(), error);
    std::uint64_t position = 0;
    writer.slot_begin(2, head(5));
    for (int round = 0; round < 3; ++round) {
        CHECK(writer.prepare(record(5, 2)));
        CHECK_EQ(reader.live_slots(), 0u);
        writer.rollback();
        CHECK_EQ(reader.live_slots(), 1u);
        CHECK_EQ(rays(reader, position).size(), 0u);
    }
    CHECK(writer.prepare(record(5, 2)));
    writer.commit();
    CHECK_EQ(reader.live_slots(), 0u);
    const auto found = rays(reader, position);
    CHECK(found.size() == 1 && found[0] == 5);
    CHECK_EQ(writer.counters().records, 1u);
}

TEST(a_full_ring_counts_what_it_drops_and_tells_it_once_there_is_space) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    RingWriter writer;
    writer.open(ring_options(path));
    RingReader reader;
    int error = 0;
    reader.open(path.c_str(), error);
    std::uint64_t ray = 0;
    while (writer.prepare(record(++ray))) writer.commit();
    writer.commit();  // the one that did not fit
    const std::uint64_t kept = ray - 1;
    for (int more = 0; more < 9; ++more) {
        CHECK(!writer.prepare(record(++ray)));
        writer.commit();
    }
    CHECK(!writer.prepare(record(++ray)));
    writer.rollback();  // is not counted
    CHECK_EQ(writer.counters().dropped, 10u);
    CHECK_EQ(reader.header_u64(ring::ring_header::drops + 8 * ring::dataset::http_requests * ring::drop_reasons_max), 10u);

    std::uint64_t position = 0;
    CHECK_EQ(rays(reader, position).size(), kept);
    reader.advance(position);
    CHECK(writer.prepare(record(ray)));
    writer.commit();
    std::vector<std::uint64_t> sequences;
    std::vector<std::uint64_t> lost;
    CHECK(read_frames(reader, position, [&](const std::uint8_t* frame) {
        sequences.push_back(sequence_of(frame));
        if (!is_loss(frame)) return;
        lost.push_back(fixed_of<std::uint64_t>(frame, offsetof(RecordFixed, lost_records)));
        lost.push_back(fixed_of<std::uint64_t>(frame, offsetof(RecordFixed, lost_last_sequence)));
    }));
    // Sequence numbers 0 to kept - 1 were read before; the loss names the ten after them, and then it goes on.
    CHECK(sequences.size() == 2 && sequences[0] == kept && sequences[1] == kept + 10);
    CHECK(lost.size() == 2 && lost[0] == 10 && lost[1] == kept + 9);
}

TEST(a_loss_is_told_by_the_tick_where_no_record_follows) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    RingWriter writer;
    writer.open(ring_options(path));
    RingReader reader;
    int error = 0;
    reader.open(path.c_str(), error);
    for (std::uint64_t ray = 1; writer.prepare(record(ray)); ++ray) writer.commit();
    writer.commit();
    writer.tick();
    std::uint64_t position = 0;
    const std::size_t kept = rays(reader, position).size();
    reader.advance(position);
    writer.tick();
    writer.tick();
    std::uint32_t losses = 0;
    CHECK(read_frames(reader, position, [&](const std::uint8_t* frame) { losses += is_loss(frame) ? 1 : 0; }));
    CHECK(kept > 100 && losses == 1);
}

TEST(recovery_takes_the_prepared_record_and_frees_its_slot) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    RingWriter writer;
    writer.open(ring_options(path));
    writer.slot_begin(1, head(11));
    writer.slot_begin(2, head(12));
    write(writer, record(11, 1));
    CHECK(writer.prepare(record(12, 2)));
    RingReader reader;
    int error = 0;
    reader.open(path.c_str(), error);
    // The writer may have been killed between the two stores: the slot is live as well.
    writer.slot_begin(2, head(12));
    reader.seal();
    std::uint64_t position = 0;
    const auto found = rays(reader, position);
    CHECK(found.size() == 2 && found[0] == 11 && found[1] == 12);
    CHECK_EQ(reader.live_slots(), 0u);
    reader.seal();
    CHECK_EQ(rays(reader, position).size(), 0u);
}

TEST(recovery_makes_records_of_live_slots) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    RingWriter writer;
    writer.open(ring_options(path));
    const std::string long_path = "/" + std::string(500, 'p');
    writer.slot_begin(0, head(21));
    writer.slot_begin(15, head(22, long_path));
    writer.slot_begin(16, head(23));  // beyond the table
    CHECK_EQ(writer.counters().untracked, 1u);
    writer.close();
    RingReader reader;
    int error = 0;
    CHECK_EQ(reader.open(path.c_str(), error), RingFound::ring);
    reader.seal();
    alignas(8) std::uint8_t frame[RingReader::leftover_bytes_max];
    CHECK(reader.leftover(0, 5, frame));
    CHECK_EQ(ray_of(frame), 21u);
    CHECK_EQ(sequence_of(frame), 5u);
    CHECK_EQ(string_of(frame, record_string::path), std::string("/slow"));
    CHECK_EQ(string_of(frame, record_string::query), std::string("x=1"));
    CHECK_EQ(string_of(frame, record_string::zone), std::string("site"));
    CHECK_EQ(fixed_of<std::uint8_t>(frame, offsetof(RecordFixed, outcome)), outcome::interrupted);
    CHECK(!reader.leftover(1, 0, frame));
    CHECK(reader.leftover(15, 0, frame));
    CHECK_EQ(string_of(frame, record_string::path), long_path.substr(0, ring::slot_string_max::path));
    CHECK(!reader.leftover(16, 0, frame));
    reader.free_leftovers_before(reader.slot_count() + 1, 0);
    CHECK_EQ(reader.live_slots(), 0u);
}

TEST(a_loss_that_was_not_told_is_a_leftover) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    RingWriter writer;
    writer.open(ring_options(path));
    for (std::uint64_t ray = 1; writer.prepare(record(ray)); ++ray) writer.commit();
    writer.commit();
    writer.close();
    RingReader reader;
    int error = 0;
    reader.open(path.c_str(), error);
    reader.seal();
    alignas(8) std::uint8_t frame[RingReader::leftover_bytes_max];
    CHECK(reader.leftover(reader.slot_count(), 0, frame));
    CHECK(is_loss(frame));
    CHECK_EQ(fixed_of<std::uint64_t>(frame, offsetof(RecordFixed, lost_records)), 1u);
    reader.free_leftovers_before(reader.slot_count() + 1, 0);
    CHECK(!reader.leftover(reader.slot_count(), 0, frame));
}

TEST(without_a_file_the_ring_is_in_memory_and_can_be_read_by_its_path) {
    RingWriter writer;
    const RingOpened opened = writer.open(ring_options("/nowhere/at/all.ring"));
    CHECK_EQ(opened.kind, RingKind::memory);
    CHECK_EQ(opened.error, ENOENT);
    write(writer, record(9));
    RingReader reader;
    int error = 0;
    CHECK_EQ(reader.open(writer.path().c_str(), error), RingFound::ring);
    std::uint64_t position = 0;
    CHECK_EQ(rays(reader, position).size(), 1u);
}

TEST(a_ring_that_is_there_already_is_never_replaced) {
    Folder folder;
    const std::string path = folder.file("a.ring");
    const std::string second = folder.file("a-1122334455667788.ring");
    {
        RingWriter before;
        before.open(ring_options(path));
        write(before, record(1));
    }
    RingWriter writer;
    CHECK_EQ(writer.open(ring_options(path)).kind, RingKind::file);
    CHECK_EQ(writer.path(), second);
    RingWriter third;
    const RingOpened opened = third.open(ring_options(path));
    CHECK_EQ(opened.kind, RingKind::memory);
    CHECK_EQ(opened.error, EEXIST);
    RingReader reader;
    int error = 0;
    CHECK_EQ(reader.open(path.c_str(), error), RingFound::ring);
    std::uint64_t position = 0;
    CHECK_EQ(rays(reader, position).size(), 1u);
}

TEST(a_full_disk_means_memory_and_says_so) {
    Folder folder;
    const std::string mount_point = folder.folder("disk");
    if (::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=256k") != 0) {
        std::printf("# not tried: mounting is not allowed here\n");
        return;
    }
    RingWriter writer;
    const RingOpened opened = writer.open(ring_options(mount_point + "/a.ring"));
    write(writer, record(1));
    const bool is_left = !std::filesystem::is_empty(mount_point);
    ::umount2(mount_point.c_str(), MNT_DETACH);
    CHECK_EQ(opened.kind, RingKind::memory);
    CHECK_EQ(opened.error, ENOSPC);
    CHECK_EQ(writer.counters().records, 1u);
    CHECK(!is_left);
}

TEST(a_ring_that_was_never_opened_counts_and_does_no_harm) {
    RingWriter writer;
    writer.slot_begin(0, head(1));
    CHECK(!writer.prepare(record(1, 0)));
    writer.commit();
    writer.tick();
    CHECK_EQ(writer.counters().dropped, 1u);
}

PARAPET_TEST_MAIN
