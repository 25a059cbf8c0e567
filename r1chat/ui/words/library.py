"""The words of the library page."""

from __future__ import annotations

from r1chat.both import Both, Language


class LibraryWords:
    """The words in one language. Names in braces are filled in with `str.format`."""

    title = Both("Models", "模型")
    back = Both("Back to the chat", "返回聊天")
    privacy = Both(
        "Nothing is asked of any host until you press a button here; then it is {host}, or modelscope.cn if you paste "
        "an address of it.",
        "在你点击按钮之前不会连接任何主机；点击后连接的是 {host}，若粘贴 modelscope.cn 的地址则连接该站。",
    )
    machine = Both(
        "This computer has {memory} of memory, {free} free, and {disk} of disk left.",
        "本机内存 {memory}，可用 {free}；磁盘剩余 {disk}。",
    )
    suggested = Both("Suggested for this computer", "推荐给本机")
    here = Both("On this computer", "本机已有")
    none_here = Both("Only the small model that ships with r1chat.", "只有 r1chat 自带的小模型。")
    downloads = Both("Downloads", "下载")
    more = Both("More models", "更多模型")
    search = Both(
        "Search {host} for a GGUF model, or give an address or a file of this computer",
        "在 {host} 搜索 GGUF 模型，或给出地址或本机文件",
    )
    placeholder = Both(
        "a name, owner/name, an address, or /path/to/file.gguf", "名称、owner/name、地址或 /path/to/file.gguf"
    )
    measuring = Both(
        "Measuring this computer's speed, once. It takes some seconds …", "正在测量本机速度（仅一次），需要几秒钟…"
    )
    use_file = Both("Use this file", "使用此文件")
    ollama_about = Both(
        "Ollama at {url} fetches and keeps its models itself, from {registry} unless a name says otherwise.",
        "{url} 的 Ollama 自行获取并保存模型，默认来自 {registry}。",
    )
    pull_label = Both("Model to pull", "要拉取的模型")
    pull = Both("Pull", "拉取")
    again = Both("Try again", "重试")
    dismiss = Both("Dismiss", "移除")
    asking = Both("asking for it", "正在询问")
    pulling = Both("{done} of {total}", "{done} / {total}")
    in_memory = Both("{size} in memory", "占用内存 {size}")
    on_gpu = Both("{share} % on the GPU", "{share}% 在 GPU 上")
    until = Both("until", "保留至")
    stays = Both("stays in memory", "常驻内存")
    keep = Both("Stay in memory", "常驻内存")
    keep_of = Both("Keep {name} in memory", "让 {name} 常驻内存")
    unload = Both("Unload", "卸载")
    unload_of = Both("Unload {name}", "卸载 {name}")
    find = Both("Search", "搜索")
    files = Both("Choose a file", "选择文件")
    nothing = Both("Nothing was found. Try fewer words.", "没有找到。请减少关键词。")
    gated = Both("needs a token", "需要令牌")
    download = Both("Download", "下载")
    download_of = Both("Download {name}, {size}", "下载 {name}，{size}")
    chat = Both("Chat", "聊天")
    chat_with = Both("Chat with {name}", "与 {name} 聊天")
    remove = Both("Delete", "删除")
    remove_of = Both("Delete {name}", "删除 {name}")
    really = Both("Delete {name} ({size}) from the disk?", "从磁盘删除 {name}（{size}）？")
    really_unlink = Both("Take {name} off the list? The file itself stays.", "从列表移除 {name}？文件本身会保留。")
    removed = Both("{name} is deleted.", "已删除 {name}。")
    pause = Both("Pause", "暂停")
    resume = Both("Resume", "继续")
    cancel = Both("Cancel", "取消")
    waiting = Both("waiting for the one before", "等待前一个下载")
    running = Both("{done} of {total} · {speed}/s", "{done} / {total} · {speed}/秒")
    left = Both("{time} left", "剩余 {time}")
    checking = Both("checking its SHA-256", "正在校验 SHA-256")
    paused = Both("paused at {done} of {total}", "已暂停：{done} / {total}")
    done = Both("ready", "就绪")
    failed = Both("failed", "失败")
    tight = Both(
        "larger than the free memory ({need} needed): close other programs, or it runs from the disk, slowly",
        "超过可用内存（需 {need}）：请关闭其他程序，否则将从磁盘缓慢运行",
    )
    licence = Both("Licence: {licence}", "许可：{licence}")
    broken = Both(
        "r1chat did not answer. Look whether it still runs, then reload the page.",
        "r1chat 没有响应。请确认它还在运行，然后刷新页面。",
    )
    no_model = Both("There is no model of that name here.", "此处没有该名称的模型。")
    not_ours = Both(
        "{name} is not in r1chat's models folder, so r1chat does not delete it. Use the program that put it there.",
        "{name} 不在 r1chat 的模型文件夹中，r1chat 不会删除它。请使用放置它的程序。",
    )

    def __init__(self, lang: Language) -> None:
        self.lang: Language = lang


LIBRARY_WORDS: dict[Language, LibraryWords] = {"en": LibraryWords("en"), "zh": LibraryWords("zh")}
