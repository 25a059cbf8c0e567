"""Personal data is found and replaced; arithmetic, code and dates are left as they are."""

import json
import os
from itertools import pairwise
from pathlib import Path

import forked
import pytest
from forked import CODE
from hypothesis import given, settings
from hypothesis import strategies as st

from r1chat.redact import Redactor, find

SHARED = Path(__file__).parents[2] / "shared"
NAMES = ("Anna Schmidt", "anna", "schmidt", "张伟")

PERSONAL = {
    "email": [
        ("write to alice.smith+x@mail.example.co.uk.", "alice.smith+x@mail.example.co.uk"),
        ("请发到foo_bar@163.com谢谢", "foo_bar@163.com"),
        ("josé@example.fr", "josé@example.fr"),
        ("https://example.com/?to=anna%40example.com&x=1", "anna%40example.com"),
        ("请发到：张三@例子.公司", "张三@例子.公司"),
        ("李雷@例子.cn（工作）", "李雷@例子.cn"),
        ("Mail jose\u0301@example.fr.", "jose\u0301@example.fr"),
        ("cafe\u0301 au lait: e\u0301lise@cafe\u0301.example", "e\u0301lise@cafe\u0301.example"),
        ("write anna\\@example.com", "anna\\@example.com"),
        ("<a>anna&#64;example.com</a>", "anna&#64;example.com"),
        ("**anna**@example.com", "anna**@example.com"),
        ("写信给anna@例子.中国谢谢", "anna@例子.中国"),
        ("анна.б@почта.рф", "анна.б@почта.рф"),
        ("이메일은anna@example.com으로", "anna@example.com"),
        ("anna＠example．org", "anna＠example．org"),
        ("ann\u00ada.b\u200b@exam\u200bple.org", "ann\u00ada.b\u200b@exam\u200bple.org"),
        ("write to anna@my\u2011firm.org—she reads it", "anna@my\u2011firm.org"),
    ],
    "phone": [
        ("call +1 (415) 555-0123 now", "+1 (415) 555-0123"),
        ("+44 20 7946 0958", "+44 20 7946 0958"),
        ("+49 (0)30 123456", "+49 (0)30 123456"),
        ("0086 138 0013 8000", "0086 138 0013 8000"),
        ("打给我13800138000吧", "13800138000"),
        ("**138-0013-8000**", "138-0013-8000"),
        ("- 13800138000", "13800138000"),
        ('<td title="x">13800138000</td>', "13800138000"),
        ("phone=13800138000", "13800138000"),
        ("(555) 123-4567", "(555) 123-4567"),
        ("555-123-4567", "555-123-4567"),
        ("Tel. 415 555 0123", "415 555 0123"),
        ("030 12345678", "030 12345678"),
        ("0755-12345678", "0755-12345678"),
        ("06 12 34 56 78", "06 12 34 56 78"),
        ("+49\u202f170\u202f1234567", "+49\u202f170\u202f1234567"),
        ("+49\u2009170\u20091234567", "+49\u2009170\u20091234567"),
        ("(415)\u2011555\u20111234", "(415)\u2011555\u20111234"),
        ("+1\u3000415–555–1234", "+1\u3000415–555–1234"),
        ("＋４９　１７０　１２３４５６７", "＋４９　１７０　１２３４５６７"),
        ("打给我１３８００１３８０００！", "１３８００１３８０００"),
        ("（０１０）１２３４５６７８", "（０１０）１２３４５６７８"),
        ("اتصل +٤٩ ١٧٠ ١٢٣٤٥٦٧", "+٤٩ ١٧٠ ١٢٣٤٥٦٧"),
        ("𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎", "𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎"),
        ("138\u200b0013\u200b8000", "138\u200b0013\u200b8000"),
        ("\u2068+49\u200e 170 1234567\u2069", "+49\u200e 170 1234567"),
        ("phone\u200b13800138000", "13800138000"),
        ("03ー1234ー5678", "03ー1234ー5678"),
        ("妈妈——13800138000", "13800138000"),
    ],
    "key": [
        ("sk-proj-abcdEFGH1234567890abcdEFGH", "sk-proj-abcdEFGH1234567890abcdEFGH"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
        ("github_pat_11ABCDEFG0abcdefghijkl_mnopqr", "github_pat_11ABCDEFG0abcdefghijkl_mnopqr"),
        ("hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("xoxb-123456789012-abcdefghij", "xoxb-123456789012-abcdefghij"),
        ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "AIzaSyA1234567890abcdefghijklmnopqrstuv"),
        ("is eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3.", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3"),
        ("Authorization: Bearer abcdef0123456789ABCDEF", "abcdef0123456789ABCDEF"),
        ('api_key = "a8f5f167f44f4964e6c998dee827110c"', "a8f5f167f44f4964e6c998dee827110c"),
        ("password=hunter2", "hunter2"),
        ('{"password": "swordfish"}', "swordfish"),
        ("密码：abc123xyz。", "abc123xyz"),
        ("postgres://me:pw1234@localhost/db", "pw1234"),
    ],
    "card": [
        ("4111 1111 1111 1111", "4111 1111 1111 1111"),
        ("4111-1111-1111-1111 123", "4111-1111-1111-1111"),
        ("card=5555555555554444", "5555555555554444"),
        ("3782 822463 10005", "3782 822463 10005"),
        ("4111\u2009 1111\u2009 1111\u2009 1111", "4111\u2009 1111\u2009 1111\u2009 1111"),
        ("4111\u2009 1111 1111 1111", "4111\u2009 1111 1111 1111"),
        ("4111\u200b1111\u200b1111\u200b1111", "4111\u200b1111\u200b1111\u200b1111"),
        ("4111.1111.1111.1111", "4111.1111.1111.1111"),
        ("卡４１１１１１１１１１１１１１１１", "４１１１１１１１１１１１１１１１"),
    ],
    "identity": [
        ("身份证11010519491231002X", "11010519491231002X"),
        ("SSN 123-45-6789", "123-45-6789"),
        ("to GB29 NWBK 6016 1331 9268 19 PLEASE", "GB29 NWBK 6016 1331 9268 19"),
        ("DE89370400440532013000", "DE89370400440532013000"),
        ("de89 3704 0044 0532 0130 00", "de89 3704 0044 0532 0130 00"),
        (
            "DE89\u202f3704\u202f0044\u202f0532\u202f0130\u202f00",
            "DE89\u202f3704\u202f0044\u202f0532\u202f0130\u202f00",
        ),
        ("身份证１１０１０５１９４９１２３１００２Ｘ", "１１０１０５１９４９１２３１００２Ｘ"),
        ("SSN 123–45–6789", "123–45–6789"),
    ],
    "path": [
        ("cd /home/alice/work", "alice"),
        ("/Users/bob.", "bob"),
        (r'"C:\\Users\\carol\\x"', "carol"),
        (r"C:\Users\John Smith\x", "John Smith"),
    ],
    "name": [
        ("I am ANNA.", "ANNA"),
        ("Anna  Schmidt's house", "Anna  Schmidt"),
        ("我叫张伟。", "张伟"),
    ],
}

HEX = "0123456789abcdef" * 8
MIXED = "1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R9s0T1u2V3w4X5y6Z7" * 3

ISSUED = {  # put together here, since a search for secrets would take them for real ones
    **{
        prefix: prefix + MIXED[:48]
        for prefix in ("gsk_", "fw_", "xai-", "pplx-", "csk-", "nvapi-", "tgp_v1_", "GOCSPX-")
    },
    **{
        prefix: prefix + MIXED[:60]
        for prefix in ("jina_", "pcsk_", "phx_", "fo1_", "figd_", "lin_api_", "CFPAT-", "ntn_")
    },
    **{
        prefix: prefix + MIXED[:36]
        for prefix in ("npm_", "nfp_", "r8_", "tvly-", "1//0", "HRKU-", "glc_", "gldt-", "glrt-")
    },
    **{prefix: prefix + MIXED[:90] for prefix in ("ABSK", "EAA", "ATATT3", "ops_eyJ", "sntrys_", "pypi-AgE", "whsec_")},
    **{prefix: prefix + HEX[:32] for prefix in ("shpat_", "shpss_", "KGAT_", "dapi", "SK", "key-")},
    **{prefix: prefix + HEX[:40] for prefix in ("pul-", "sbp_", "squ_", "sgp_", "lsv2_pt_")},
    **{prefix: prefix + HEX[:64] for prefix in ("dop_v1_", "doo_v1_", "dor_v1_", "sntryu_")},
    **{prefix: prefix + MIXED[:40] for prefix in ("ya29.", "AQ.", "hvs.", "dckr_pat_", "sb_secret_", "pscale_tkn_")},
    "rubygems": "rubygems_" + HEX[:48],
    "crates": "cio" + MIXED[:32],
    "nuget": "oy2" + HEX[:43],
    "aws": "ABIA" + "ABCDEFGH23456789",
    "alibaba": "LTAI" + MIXED[:20],
    "tencent": "AKID" + MIXED[:32],
    "volcengine": "AKLT" + MIXED[:43],
    "baidu": "bce-v3/ALTAK-" + MIXED[:21] + "/" + HEX[:40],
    "sendgrid": "SG." + MIXED[:22] + "." + MIXED[:43],
    "telegram": "123456789:AA" + MIXED[:33],
    "discord": "MTA" + MIXED[:21] + ".G1a2b3." + MIXED[:38],
    "zhipu": HEX[:32] + "." + MIXED[:16],
    "terraform": MIXED[:14] + ".atlasv1." + MIXED[:67],
    "airtable": "pat" + MIXED[:14] + "." + HEX[:64],
    "doppler": "dp.st.prd." + MIXED[:43],
    "dropbox": "sl.u." + MIXED[:130],
    "entra": "abc8Q~" + MIXED[:34],
    "slack": "xapp-1-A0123456789-1234567890123-" + HEX[:64],
    "mailchimp": HEX[:32] + "-us12",
    "brevo": "xkeysib-" + HEX[:64] + "-" + MIXED[:16],
    "postman": "PMAK-" + HEX[:24] + "-" + HEX[:34],
    "grafana": "glsa_" + MIXED[:32] + "_" + HEX[:8],
    "age": "AGE-SECRET-KEY-1" + HEX[:58].upper(),
    "tailscale": "tskey-auth-" + MIXED[:12] + "-" + MIXED[:32],
    "square": "sq0atp-" + MIXED[:22],
    "razorpay": "rzp_live_" + MIXED[:14],
    "newrelic": "NRAK-" + HEX[:27].upper(),
}

NAMED = [  # what stands before a secret, the secret, what stands behind it
    ("curl -u anna:", "S3cretPass!", " https://example.com"),
    ("curl -X POST https://example.com --user 'bob:", "hunter2x!", "' -d 3"),
    ("Cookie: sessionid=", "38afes7a8dkj2h3k4j5h6k7j8h9", "; theme=dark"),
    ("https://hooks.slack.com/services/", "T00000000/B00000000/" + MIXED[:24], ""),
    ("https://discord.com/api/webhooks/", "123456789012345678/" + MIXED[:68], ""),
    ("https://open.feishu.cn/open-apis/bot/v2/hook/", "550e8400-e29b-41d4-a716-446655440000", ""),
    ("https://api.telegram.org/bot", "123456789:AA" + MIXED[:33], "/getMe"),
    ("Authorization: Basic ", "YW5uYTpodW50ZXIyMTIz", ""),
    ('"authorization": "Basic ', "YTpi", '"'),
    ("Authorization: token ", MIXED[:40], ""),
    ("API_KEY_PROD=", MIXED[:24], ""),
    ("passphrase: ", MIXED[:24], ""),
    ("私钥：", MIXED[:24], ""),
    ("?se=2030&sig=", MIXED[:43], "&sp=r"),
    ("api_key＝", MIXED[:24], ""),
    ("", "sk-proj-1a2B\u200b3c4D5e6F7g8H9i0J", ""),
    ("", "sk\u2011proj\u20111a2B3c4D5e6F7g8H9i0J", ""),
]

HARMLESS = [
    "7^12 = 13841287201",
    r"so \boxed{13841287201} or $13841287201$ or \(13841287201\)",
    "The answer is **13841287201**, or about 13841287201. 共13841287201元",
    "13841287201 + 5, 5 +12345678, x +123456789, +12 +34 +5678",
    "pi is 3.14159265358979323846264338327950288419716939937510",
    "500-200-1000 = -700 and 3 - 4 - 555-123-4567",
    "on 2023-01-15 12:30:45, 01.02.2023 12:30, 20230115123045, 1700000000000",
    "192.168.100.200 runs v1.2.3.4.5.6.7.8.9",
    "1 2 3 4 5 6 7 8 9 10 11 12; 001 010 011 100 101; 01 02 03 04 05 06; 123 45 6789",
    "2218 2219 2220 2221 2222 2223 2224 2225 2226 2227 2228 2229 2230",
    "1,384,128,720,100 and 2^52 = 4503599627370496",
    "1234567812345670 and 4111111111111112",  # no issuer; a wrong check digit
    "the AB12 345678901234567 model",
    "Monthly 77, 259-264 1970",
    "000-12-3456, 666-12-3456, GB28 NWBK 6016 1331 9268 19, 440524188001010014",
    "deadbeef13800138000 550e8400-e29b-41d4-a716-446655440000",
    "y = q@k.T + x@W.dot(v) + z@self.weight; @app.route('/x'); git@github.com:a/b",
    'password = input("x"); password=os.environ; "password": "string"; x://NAME:PASSWORD@HOST/; the password is 7294',
    "token = tokenizer.encode(text); token: my_long_variable_name_v2; risk-management-for-2020-and-more",
    "７＾１２＝１３８４１２８７２０１，１３８４１２８７２０１＋５，３．１３８００１３８０００，１３８００１３８０００％",
    "２０２３－０１－１５ １２：３０：４５，２０２３．０１．１５",
    "٣٫١٣٨٠٠١٣٨٠٠٠, ٢٠٢٣/٠١/١٥",
    "1990–2000, 2023\u201101\u201115, 5 – 3, 500–200–1000 = −700, 3–4–555–123–4567",
    "1\u202f384\u202f128\u202f720\u202f100, 1\u2009700\u2009000\u2009000\u2009000, 4\u202f155\u202f550\u202f123",
    "550e8400\u2011e29b\u201141d4\u2011a716\u2011446655440000, 4111.1111.1111.1112",
    "npm_config_registry_of_all_packages_2 pypi-publish-to-the-index-of-packages-with-a-long-name-2-and-more",
    "nvapi-examples-for-all-who-read-the-manual jina_embeddings_v2_base_en_model cache-key-" + HEX[:32],
    "arn:aws:ec2::320805250157:ipam-resource-discovery-association is in the AUTHORIZATION: basic understanding",
    "my_module_of_all_things.client.another_function_with_a_long_name; " + HEX[:32] + ".thumbnailpicture",
    "谢谢@张三.李四, x@方阵.转置(1), γ@μ.T + α@β.dot(c), @小明",
    "/home/user/x, ~/x, ~anna2, https://example.com/home/page",
    "Hannah, annas, Schmidtke",
]


@pytest.mark.parametrize(
    ("kind", "text", "value"), [(kind, text, value) for kind, cases in PERSONAL.items() for text, value in cases]
)
def test_personal_data_is_found_where_it_stands(kind: str, text: str, value: str) -> None:
    [finding] = find(text, NAMES)
    assert (finding.kind, finding.text) == (kind, value)
    assert text[finding.start : finding.end] == value


@pytest.mark.parametrize("key", ISSUED.values(), ids=ISSUED)
def test_keys_are_known_by_their_shape(key: str) -> None:
    assert Redactor()(f"a {key}, b") == "a <KEY_1>, b"
    assert Redactor()(f"键是{key}。") == "键是<KEY_1>。"


@pytest.mark.parametrize(("before", "secret", "after"), NAMED)
def test_secrets_are_known_by_what_stands_before_them(before: str, secret: str, after: str) -> None:
    assert Redactor()(before + secret + after) == f"{before}<KEY_1>{after}"


@pytest.mark.parametrize("text", HARMLESS)
def test_arithmetic_code_and_dates_are_left_alone(text: str) -> None:
    assert find(text, NAMES) == []


def test_a_name_is_found_however_its_letters_are_composed() -> None:
    apart, whole = (
        "Rene\u0301 and Zoe\u0308, 김민수".replace("김민수", "\u1100\u1175\u11b7민수"),
        ("rené", "Zoë", "김민수"),
    )
    assert [finding.text for finding in find(apart, whole)] == ["Rene\u0301", "Zoe\u0308", "\u1100\u1175\u11b7민수"]
    assert [finding.text for finding in find("René", ("Rene\u0301",))] == ["René"]
    redactor = Redactor(("rené",))
    assert redactor("René, Rene\u0301!") == "<NAME_1>, <NAME_1>!"


def test_private_key_is_one_finding_even_where_its_end_is_missing() -> None:
    lines = "MIIEpAIBAAKCAQEA1c7+9z5Pad7OejecsQ0buXkEd83kwJ2hlCKjtLmuQuXVvpPv\n" * 3
    begin, end = "-----BEGIN RSA PRIVATE KEY-----\n", "-----END RSA PRIVATE KEY-----"
    assert Redactor()(f"a\n{begin}{lines}Qw==\n{end}\nb") == "a\n<KEY_1>\nb"
    assert Redactor()(f"a\n{begin}{lines}") == "a\n<KEY_1>\n"
    assert Redactor()((begin + lines + end).replace("\n", r"\n")) == "<KEY_1>"


def test_keys_of_other_programs_for_files_are_one_finding() -> None:
    block = "PGP PRIVATE KEY BLOCK-----"
    lines = "lQOYBF0AbcBCADJk2l3kjh2lk3j4hlk2j3h4lkj2h3l4kjh23lk4jh23lkj4habcd\n" * 3
    assert Redactor()(f"a\n-----BEGIN {block}\n\n{lines}abcd\n=ab3d\n-----END {block}\nb") == "a\n<KEY_1>\nb"
    putty = f"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nPrivate-Lines: 3\n{lines}Private-MAC: 9f2c1a"
    assert Redactor()(f"a\n{putty}\nand b") == "a\n<KEY_1>\nand b"


def test_findings_of_all_kinds_are_in_order_and_never_overlap() -> None:
    text = " \n".join(text for cases in PERSONAL.values() for text, _ in reversed(cases))
    findings = find(text, NAMES)
    assert {finding.kind for finding in findings} == set(PERSONAL)
    assert all(before.end <= after.start for before, after in pairwise(findings))


def test_addresses_grown_together_are_not_found_twice() -> None:
    assert Redactor()("a@b.co@d.co") == "<EMAIL_1>@d.co"


def test_numbers_beside_each_other_are_all_found() -> None:
    assert Redactor()("13800138000,13900139000 +14155550123 +14155550124") == "<PHONE_1>,<PHONE_2> <PHONE_3> <PHONE_4>"


def test_a_value_has_one_placeholder_however_it_is_spelled() -> None:
    redact = Redactor(NAMES)
    assert redact("Bob@Example.com, +86 138-0013-8000") == "<EMAIL_1>, <PHONE_1>"
    assert redact("eve@example.com bob@example.com") == "<EMAIL_2> <EMAIL_1>"
    assert redact("13800138000 or +1 415 555 0123, (415) 555-0123") == "<PHONE_1> or <PHONE_2>, <PHONE_2>"
    assert redact("Anna: 4111 1111 1111 1111, ANNA: 4111111111111111") == "<NAME_1>: <CARD_1>, <NAME_1>: <CARD_1>"
    assert redact("/home/bob/x") == "/home/<USER_1>/x"
    assert (
        redact("13800138000 １３８\u2011００１３\u2011８０００, bob＠exam\u200bple．com")
        == "<PHONE_1> <PHONE_1>, <EMAIL_1>"
    )
    assert redact.counts == {"email": 2, "phone": 2, "name": 1, "card": 1, "path": 1}
    assert redact.counts["key"] == 0


def test_placeholders_in_a_text_stay_and_are_not_given_again() -> None:
    redact = Redactor(("email", "name"))
    assert redact("<EMAIL_1> <NAME_7> a@b.co c@d.co") == "<EMAIL_1> <NAME_7> <EMAIL_2> <EMAIL_3>"
    assert redact("<EMAIL_4> e@f.co, name") == "<EMAIL_4> <EMAIL_5>, <NAME_1>"


FRAGMENTS = st.sampled_from(
    [text for cases in PERSONAL.values() for pair in cases for text in pair]
    + HARMLESS
    + ["+", "-", "- ", " + ", "=", "/", "@", ".", ",", " ", "\n", "(", ")", "0", "86", "+1", "a", "x.co", "<EMAIL_1>"]
    + [
        "\u200b",
        "\u202f",
        "\u2011",
        "–",
        "＠",
        "．",
        "（",
        "）",
        "１",
        "ー",
        "三",
        "б",
        "<EMA\u200bIL_1>",
        "SG.",
        "sk-",
    ]
    + [*ISSUED.values()]
    + [part for parts in NAMED for part in parts]
)


@settings(deadline=None)
@given(st.lists(FRAGMENTS | st.text(max_size=4), max_size=10).map("".join))
def test_redacting_a_redacted_text_changes_nothing(text: str) -> None:
    findings = find(text, NAMES)
    assert all(before.end <= after.start for before, after in pairwise(findings))
    once = Redactor(NAMES)(text)
    assert find(once, NAMES) == []
    assert Redactor(NAMES)(once) == once


@pytest.mark.parametrize(
    "unit",
    [
        "1-",
        "@",
        "a.a.a",
        "+1 ",
        "a@a.aa",
        "13800138000.",
        "sk-",
        "://a:",
        "token=aaaaaaaaaaaaaaaa.",
        "\0",
        "@例.",
        "例@",
        "@а.а",
        "+49\u200b1",
        "\u200b",
        "１",
        "1\u2011",
        "ー1",
        "authorization:basic a",
        "1:",
        "-eyJ",
        "dp.st.",
        "SG.aaaaaaaaaaaaaaaa.",
    ],
)
def test_long_hostile_text_comes_to_an_end(unit: str) -> None:
    text = unit * (75_000 // len(unit))  # a quadratic search would take minutes
    once = Redactor(NAMES)(text)
    assert Redactor(NAMES)(once) == once


def test_chains_of_reasoning_hold_nothing_to_redact() -> None:
    traces = SHARED / "corpus" / "traces.jsonl"
    if not traces.exists():
        pytest.skip("needs ../shared/corpus/traces.jsonl, which is kept outside the repository")
    texts = [json.loads(line)["text"] for line in traces.read_text(encoding="utf-8").splitlines()]
    assert [finding for text in texts for finding in find(text)] == []


@pytest.mark.slow
def test_everyday_words_are_no_account_names() -> None:
    assert "schmidtke" in _account_names(login="schmidtke")
    assert not _account_names(login="root") & {"root"}
    assert not _account_names(login="Will") & {"Will"}


def _account_names(login: str) -> set[str]:
    code = "from r1chat.redact import account_names; print(*account_names(), sep='\\n')"
    env = os.environ | {"LOGNAME": login}
    run = forked.run(CODE, code, env=env)
    return set(run.stdout.split("\n"))
