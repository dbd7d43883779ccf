#include "pages.h"

#include "bytes.h"
#include "head_writer.h"

namespace parapet {

namespace {

constexpr std::int64_t statuses = 1000;

std::int64_t key_of(std::int32_t zone, std::int32_t status) noexcept { return (static_cast<std::int64_t>(zone) + 1) * statuses + status; }

}  // namespace

void Page::render(std::string& out, std::int32_t status, std::uint64_t ray) const {
    out.clear();
    for (const Part& part : parts) {
        out += part.text;
        if (!part.has_placeholder) continue;
        std::uint8_t room[64];
        ByteSink value(room, sizeof room);
        switch (part.then) {
            case Placeholder::status: value.decimal(static_cast<std::uint64_t>(status)); break;
            case Placeholder::reason: value.put(reason_phrase(status)); break;
            case Placeholder::ray_id: value.hex16(ray); break;
        }
        out.append(reinterpret_cast<const char*>(room), value.size());
    }
}

void Pages::choose(std::int32_t zone, std::int32_t status, std::uint32_t page) {
    if (zone < every_zone || status < 0 || status >= statuses || page >= pages_.size()) return;
    choices_[key_of(zone, status)] = page;
}

const Page* Pages::find(std::int32_t zone, std::int32_t status) const noexcept {
    if (choices_.empty() || status < 400 || status >= 600) return nullptr;
    for (const std::int32_t of : {zone, every_zone}) {
        if (of < every_zone) continue;
        for (const std::int32_t key : {status, status / 100, 0}) {
            const auto found = choices_.find(key_of(of, key));
            if (found != choices_.end()) return &pages_[found->second];
        }
    }
    return nullptr;
}

}  // namespace parapet
