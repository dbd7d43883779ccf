// The promise of the ring, tried: a child answers exchanges and is killed at a random instruction, again and again. What a
// client received whole must have a record, what was begun must have one too, and nothing may have two.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include <atomic>
#include <random>
#include <set>
#include <string>

#include "check.h"
#include "ring_support.h"

using namespace parapet;
using namespace parapet::test;

namespace {

constexpr std::uint32_t slots = 8;

/// What the child told the world, in memory that outlives it.
struct Told {
    /// Exchanges up to this one were begun, and up to this one answered whole.
    std::atomic<std::uint64_t> begun;
    std::atomic<std::uint64_t> answered;
    std::atomic<std::uint32_t> is_open;
};

[[noreturn]] void answer_forever(const std::string& path, Told& told) {
    RingWriter writer;
    writer.open(ring_options(path, slots));
    told.is_open.store(1);
    const std::string filler(2000, 'u');
    for (std::uint64_t ray = 1;; ++ray) {
        const auto slot = static_cast<std::uint32_t>(ray % slots);
        writer.slot_begin(slot, head(ray));
        told.begun.store(ray);
        RecordInput input = record(ray, slot);
        input.strings.user_agent = std::string_view(filler).substr(0, ray * 7919 % 2000);
        // Some responses take several attempts; none is answered while there is no space for its record.
        for (std::uint64_t attempt = 0; !writer.prepare(input) || attempt < ray % 3; ++attempt) writer.rollback();
        told.answered.store(ray);  // the send
        writer.commit();
        if (ray % 100 == 0) writer.tick();
    }
}

void sleep_for(long microseconds) {
    const timespec time{0, microseconds * 1000};
    ::nanosleep(&time, nullptr);
}

}  // namespace

TEST(no_kill_loses_or_doubles_a_record) {
    void* memory = ::mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    auto* told = static_cast<Told*>(memory);
    std::mt19937 random(20'261'019);
    std::uint64_t records = 0;
    std::uint32_t interrupted = 0;
    for (int round = 0; round < 150; ++round) {
        Folder folder;
        const std::string path = folder.file("a.ring");
        told->begun = 0;
        told->answered = 0;
        told->is_open = 0;
        const pid_t child = ::fork();
        if (child == 0) answer_forever(path, *told);
        CHECK(child > 0);
        while (told->is_open.load() == 0) sleep_for(50);

        RingReader reader;
        int error = 0;
        CHECK_EQ(reader.open(path.c_str(), error), RingFound::ring);
        std::set<std::uint64_t> seen;
        std::uint32_t doubled = 0;
        const auto see = [&](const std::uint8_t* frame) { doubled += seen.insert(ray_of(frame)).second ? 0 : 1; };
        std::uint64_t position = 0;
        // Some rounds follow the live ring through many laps, others are killed early.
        const auto turns = static_cast<std::uint32_t>(random() % 30);
        for (std::uint32_t turn = 0; turn < turns; ++turn) {
            CHECK(read_frames(reader, position, see));
            reader.advance(position);
            sleep_for(static_cast<long>(random() % 300));
        }
        ::kill(child, SIGKILL);
        int status = 0;
        CHECK_EQ(::waitpid(child, &status, 0), child);
        CHECK(WIFSIGNALED(status));

        reader.seal();
        CHECK(read_frames(reader, position, see));
        records += seen.size();
        alignas(8) std::uint8_t frame[RingReader::leftover_bytes_max];
        const std::set<std::uint64_t> framed = seen;
        for (std::uint32_t index = 0; index <= reader.slot_count(); ++index) {
            if (!reader.leftover(index, 0, frame)) continue;
            ++interrupted;
            see(frame);
        }
        CHECK_EQ(doubled, 0u);
        for (std::uint64_t ray = 1; ray <= told->answered.load(); ++ray) CHECK(framed.contains(ray));
        for (std::uint64_t ray = 1; ray <= told->begun.load(); ++ray) CHECK(seen.contains(ray));
    }
    std::printf("# %llu records, %u interrupted\n", static_cast<unsigned long long>(records), interrupted);
    // The kill must have met both states, or it has shown nothing.
    CHECK(records > 1000);
    CHECK(interrupted > 10);
    ::munmap(memory, sizeof(Told));
}

PARAPET_TEST_MAIN
