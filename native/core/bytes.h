// A bounded writer of bytes: never past its end, and it remembers that it would have been.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace parapet {

class ByteSink {
public:
    ByteSink(std::uint8_t* at, std::size_t capacity) noexcept : begin_(at), at_(at), end_(at + capacity) {}

    void put(std::string_view text) noexcept { put(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()); }
    void put(std::span<const std::uint8_t> bytes) noexcept { put(bytes.data(), bytes.size()); }
    void put(const std::uint8_t* bytes, std::size_t length) noexcept {
        if (length == 0) return;
        if (static_cast<std::size_t>(end_ - at_) < length) {
            overflow_ = true;
            return;
        }
        std::memcpy(at_, bytes, length);
        at_ += length;
    }
    void put(char c) noexcept {
        if (at_ == end_) {
            overflow_ = true;
            return;
        }
        *at_++ = static_cast<std::uint8_t>(c);
    }
    void decimal(std::uint64_t value) noexcept {
        char digits[20];
        std::size_t n = sizeof digits;
        do {
            digits[--n] = static_cast<char>('0' + value % 10);
            value /= 10;
        } while (value != 0);
        put(std::string_view(digits + n, sizeof digits - n));
    }
    void signed_decimal(std::int64_t value) noexcept {
        if (value < 0) {
            put('-');
            decimal(static_cast<std::uint64_t>(-value));
        } else {
            decimal(static_cast<std::uint64_t>(value));
        }
    }
    void hex(std::uint64_t value) noexcept {
        char digits[16];
        std::size_t n = sizeof digits;
        do {
            digits[--n] = "0123456789abcdef"[value & 15];
            value >>= 4;
        } while (value != 0);
        put(std::string_view(digits + n, sizeof digits - n));
    }
    /// Exactly 16 lower-case digits.
    void hex16(std::uint64_t value) noexcept {
        char digits[16];
        for (int n = 15; n >= 0; --n, value >>= 4) digits[n] = "0123456789abcdef"[value & 15];
        put(std::string_view(digits, sizeof digits));
    }

    [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
    [[nodiscard]] bool overflow() const noexcept { return overflow_; }
    [[nodiscard]] std::uint8_t* begin() const noexcept { return begin_; }
    [[nodiscard]] std::span<const std::uint8_t> written() const noexcept { return {begin_, size()}; }

private:
    std::uint8_t* begin_;
    std::uint8_t* at_;
    std::uint8_t* end_;
    bool overflow_ = false;
};

}  // namespace parapet
