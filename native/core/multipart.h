// A response of several ranges (RFC 9110 14.6, 15.3.7.2): its parts, what stands between them, and how long all of it is.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.h"

namespace parapet {

class Multipart {
public:
    struct Part {
        std::uint64_t first = 0;
        std::uint64_t last = 0;  // inclusive
    };

    /// Reads parts as the policy names them (`command_flag::parts`) for a body of `size` bytes. False: there are none, or one does
    /// not lie within the body.
    bool read(std::span<const std::uint8_t> words, std::uint64_t size);
    /// `type`: Content-Type of the whole; empty: it has none. `boundary` must not occur in the body but by chance that nobody controls.
    void describe(std::string_view type, std::string_view boundary);

    /// Value of the response's Content-Type.
    [[nodiscard]] const std::string& type() const noexcept { return type_; }
    /// Bytes of the body, everything between the parts included.
    [[nodiscard]] std::uint64_t length() const noexcept;

    /// The part whose bytes come next; nullptr behind the last.
    [[nodiscard]] const Part* current() const noexcept { return at_ < parts_.size() ? &parts_[at_] : nullptr; }
    /// Whether its head has been written.
    [[nodiscard]] bool is_open() const noexcept { return open_; }
    void open(ByteSink& out) noexcept;
    /// Its bytes have been written.
    void close() noexcept;
    void write_end(ByteSink& out) const noexcept;

private:
    void write_head(ByteSink& out, std::size_t index) const noexcept;

    std::vector<Part> parts_;
    std::uint64_t size_ = 0;
    std::string type_;
    std::string part_type_;
    std::string boundary_;
    std::size_t at_ = 0;
    bool open_ = false;
};

}  // namespace parapet
