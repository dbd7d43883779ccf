#include "multipart.h"

namespace parapet {

namespace {

constexpr std::size_t part_bytes = 16;

std::uint64_t digits_of(std::uint64_t value) noexcept {
    std::uint64_t digits = 1;
    for (; value >= 10; value /= 10) ++digits;
    return digits;
}

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view dashes = "--";
constexpr std::string_view type_name = "Content-Type: ";
constexpr std::string_view range_name = "Content-Range: bytes ";

}  // namespace

bool Multipart::read(std::span<const std::uint8_t> words, std::uint64_t size) {
    parts_.clear();
    size_ = size;
    at_ = 0;
    open_ = false;
    if (words.empty() || words.size() % part_bytes != 0) return false;
    for (std::size_t at = 0; at < words.size(); at += part_bytes) {
        Part part;
        std::memcpy(&part.first, words.data() + at, 8);
        std::memcpy(&part.last, words.data() + at + 8, 8);
        if (part.first > part.last || part.last >= size) return false;
        parts_.push_back(part);
    }
    return true;
}

void Multipart::describe(std::string_view type, std::string_view boundary) {
    part_type_ = type;
    boundary_ = boundary;
    type_ = "multipart/byteranges; boundary=";
    type_ += boundary;
}

std::uint64_t Multipart::length() const noexcept {
    std::uint64_t fixed = dashes.size() + boundary_.size() + line_end.size() + range_name.size() + 2 + digits_of(size_) + 2 * line_end.size();
    if (!part_type_.empty()) fixed += type_name.size() + part_type_.size() + line_end.size();
    std::uint64_t total = 0;
    for (std::size_t index = 0; index < parts_.size(); ++index) {
        const Part& part = parts_[index];
        total += (index == 0 ? 0 : line_end.size()) + fixed + digits_of(part.first) + digits_of(part.last) + part.last - part.first + 1;
    }
    return total + line_end.size() + 2 * dashes.size() + boundary_.size() + line_end.size();
}

void Multipart::open(ByteSink& out) noexcept {
    write_head(out, at_);
    open_ = true;
}

void Multipart::close() noexcept {
    ++at_;
    open_ = false;
}

void Multipart::write_head(ByteSink& out, std::size_t index) const noexcept {
    const Part& part = parts_[index];
    if (index > 0) out.put(line_end);
    out.put(dashes);
    out.put(boundary_);
    out.put(line_end);
    if (!part_type_.empty()) {
        out.put(type_name);
        out.put(part_type_);
        out.put(line_end);
    }
    out.put(range_name);
    out.decimal(part.first);
    out.put('-');
    out.decimal(part.last);
    out.put('/');
    out.decimal(size_);
    out.put(line_end);
    out.put(line_end);
}

void Multipart::write_end(ByteSink& out) const noexcept {
    out.put(line_end);
    out.put(dashes);
    out.put(boundary_);
    out.put(dashes);
    out.put(line_end);
}

}  // namespace parapet
