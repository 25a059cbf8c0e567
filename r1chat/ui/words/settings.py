"""The words of the settings dialog."""

from __future__ import annotations

from r1chat.both import Both, Language


class SettingsWords:
    """Mixed into `Words`."""

    lang: Language

    # its parts
    general = Both("General", "通用")
    settings_thoughts = Both("Thoughts", "思考")
    settings_models = Both("Models", "模型")
    servers = Both("Servers", "服务器")
    settings_data = Both("Data", "数据")
    shortcuts = Both("Shortcuts", "快捷键")

    # general
    theme = Both("Theme", "主题")
    theme_system = Both("System", "跟随系统")
    theme_light = Both("Light", "浅色")
    theme_dark = Both("Dark", "深色")
    text_size = Both("Text size", "文字大小")
    size_small = Both("Small", "小")
    size_normal = Both("Normal", "标准")
    size_large = Both("Large", "大")
    fold_note = Both("A thought that you are reading never folds.", "正在阅读的思考不会折叠。")

    notify = Both("Notify when a reply is done", "回复完成时通知")
    notify_note = Both("Only while this tab is in the background.", "仅当此标签页在后台时。")
    notify_off = Both("Off", "关")
    notify_on = Both("On", "开")
    not_allowed = Both(
        "The browser does not allow notifications here. Allow them for this page in its settings, then switch this on.",
        "浏览器不允许本页发送通知。请先在浏览器设置中允许，再打开此项。",
    )

    # models
    default_model = Both("Model for new conversations", "新对话的模型")
    best_model = Both("The best there is", "自动选择")
    default_system = Both("System prompt for new conversations", "新对话的系统提示词")
    default_system_note = Both("Each conversation can have its own.", "每个对话可以单独设置。")
    saved = Both("Saved.", "已保存。")
    titles = Both("Titles written by the model", "由模型撰写标题")
    titles_note = Both(
        "When nothing else runs; a message that you send comes first.", "仅在空闲时进行；你发送的消息优先。"
    )
    titles_off = Both("Off", "关")
    titles_local = Both("Local models", "本机模型")
    titles_all = Both("All models", "所有模型")
    set_elsewhere = Both(
        "It is set by a flag or a variable of the environment, which comes first.",
        "它由命令行选项或环境变量设定，后者优先。",
    )

    # servers
    servers_note = Both(
        "OpenAI-compatible servers: llama-server, vLLM, LM Studio and others. Messages go to the server whose model "
        "you choose.",
        "OpenAI 兼容服务器：llama-server、vLLM、LM Studio 等。消息会发往你所选模型的服务器。",
    )
    server_address = Both("Address", "地址")
    bad_address = Both(
        "That is not a server address. Enter one such as http://127.0.0.1:8080/v1, of at most 200 characters.",
        "这不是服务器地址。请填写例如 http://127.0.0.1:8080/v1 的地址，最多 200 个字符。",
    )
    server_key = Both("Key (optional)", "密钥（可选）")
    add_server = Both("Add", "添加")
    test_server = Both("Test", "测试")
    remove_server = Both("Remove", "移除")
    server_ok = Both("It answers. Models: {n}", "有响应：{n} 个模型。")
    server_has_key = Both("with a key", "有密钥")
    server_leaves = Both("Messages sent here leave this computer.", "发到这里的消息会离开这台电脑。")
    server_fixed = Both("set by --base-url or a variable", "由 --base-url 或环境变量设定")

    # data
    data_folder = Both("Data folder", "数据文件夹")
    models_folder = Both("Models folder", "模型文件夹")
    database_at = Both("Database", "数据库")
    copy_path = Both("Copy", "复制")
    to_data_page = Both("Judgements, export and import", "评价、导出与导入")

    # what was deleted
    settings_deleted = Both("Deleted", "已删除")
    deleted_conversations = Both("Deleted conversations", "已删除的对话")
    deleted_note = Both(
        "Conversations that you deleted are erased for good after {days} days, with all that was judged in them.",
        "你删除的对话会在 {days} 天后连同其中的评价一起彻底清除。",
    )
    nothing_deleted = Both("Nothing was deleted.", "没有已删除的对话。")
    erased_on = Both("Deleted {deleted}, erased {erased}", "{deleted} 删除，{erased} 清除")
    restore = Both("Restore", "恢复")
    restored = Both("It is in the list again.", "它已回到列表中。")
    erase_now = Both("Erase now", "立即清除")
    erase_sure = Both(
        "Erase “{title}” for good? It cannot be restored then. Backups and archives keep it.",
        "要彻底清除“{title}”吗？之后无法恢复。备份和存档中仍有它。",
    )
    erased_now = Both("It is erased for good.", "已彻底清除。")

    # shortcuts
    key_send = Both("Send the message; while a reply runs, queue it", "发送消息；回复进行中则排队")
    key_line = Both("New line", "换行")
    key_stop = Both("Stop the reply, or close what is open", "停止回复，或关闭打开的面板")
    key_palette = Both("Search conversations and commands", "搜索对话和命令")
    key_help = Both("This list", "显示此列表")
    key_new = Both("New conversation", "新对话")
    key_settings = Both("Settings", "设置")
    key_list = Both("Hide or show the list", "隐藏或显示列表")
    key_outline = Both("Hide or show the outline", "隐藏或显示提纲")
    key_rename = Both("Rename the conversation that has the focus", "重命名列表中选中的对话")
    key_delete = Both("Delete the conversation that has the focus", "删除列表中选中的对话")
    key_moments = Both("Next and previous moment in the thought", "思考中的下一处、上一处反思")
    key_steps = Both("Next and previous step", "下一步、上一步")
    key_rate = Both("Good and bad reply", "好回复、坏回复")
    key_verdict = Both("Verdict of a comparison", "比较的判定")
