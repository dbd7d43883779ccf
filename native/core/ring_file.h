// Making and mapping the file of a ring, or the memory that stands in for it.
#pragma once
#include <cstdint>
#include <string>

#include "ring.h"

namespace parapet {

struct RingFile {
    /// The mapping, header written; nullptr: there is neither file nor memory.
    std::uint8_t* base = nullptr;
    std::uint64_t bytes = 0;
    /// Descriptor of the memory of a memory-only ring, else -1.
    int memory_fd = -1;
    /// Why there is no file, 0 where there is one.
    int error = 0;
    std::string path;
};

/// Makes the file of `options.path`, every block of it allocated (a hole would be SIGBUS on a full disk); where that
/// fails, anonymous memory that other threads of this process can open by its path.
RingFile ring_file_make(const RingOptions& options) noexcept;
void ring_file_unmap(std::uint8_t* base, std::uint64_t bytes) noexcept;

}  // namespace parapet
