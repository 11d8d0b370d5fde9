"""The emulator as a program: the API, and a page that acts as phones."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time

from tests.fake_wechat.account import Account, Mode
from tests.fake_wechat.clock import Clock
from tests.fake_wechat.laws import PATIENCE
from tests.fake_wechat.world import FakeWechat

ABOUT = """An emulator of WeChat's official accounts with the real laws: pushes with five seconds of patience and
three tries, plain, compatible and safe mode, the API with its error codes, quotas, subscription notices, sign-in.
Open the address that is printed in a browser: the page acts as the phones of several citizens."""
ENDING = """Start your gateway with the environment that is printed. Its clock is the real one, so signatures carry the
real time even after the emulator's clock was moved forward; CreateTime and all quotas follow the emulator's clock.
Tests in other processes use the same address under /__control; see README.md beside the program."""


def options() -> argparse.ArgumentParser:
    """Every option with what it does."""
    account = Account()
    parser = argparse.ArgumentParser(
        prog="python -m tests.fake_wechat",
        description=ABOUT,
        epilog=ENDING,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--hook", default="http://127.0.0.1:8000/wechat", help="where pushes go: the gateway's address for WeChat")
    add("--host", default="127.0.0.1", help="address to listen on; there is no password, so leave it at this machine")
    add("--port", type=int, default=8400, help="port of the API and of the page")
    add("--mode", choices=[str(one) for one in Mode], default=str(account.mode), help="how pushes are sealed")
    add("--unverified", action="store_true", help="an account that is not verified: passive replies only")
    add("--appid", default=account.appid, help="app id of the account")
    add("--secret", default=account.secret, help="app secret of the account; nothing real")
    add("--token", default=account.token, help="token that signs pushes")
    add("--aes-key", default=account.aes_key, help="EncodingAESKey: 43 letters and digits")
    add("--ip-list", default="", metavar="IP,IP", help="addresses that may ask for a token; empty: all")
    add("--page-domain", default="", help="domain to which a sign-in may lead; empty: every one")
    add("--citizens", type=int, default=2, help="how many phones there are at the start; the page makes more")
    add("--patience", type=float, default=PATIENCE, help="real seconds that a push waits for its answer")
    add("--speed", type=float, default=1.0, help="how fast the emulator's clock runs; 0: only when it is moved")
    add("--seed", type=int, default=0, help="seed of the faults by chance")
    for name in ("dropped", "unheard", "doubled", "delayed", "reordered"):
        add(f"--{name}", type=float, default=0.0, metavar="0..1", help=f"chance that a push is {name}")
    return parser


def made(asked: argparse.Namespace) -> FakeWechat:
    """The emulator as it was asked for."""
    account = Account(
        appid=asked.appid,
        secret=asked.secret,
        token=asked.token,
        aes_key=asked.aes_key,
        mode=asked.mode,
        verified=not asked.unverified,
        ip_list=tuple(one for one in asked.ip_list.split(",") if one),
        page_domain=asked.page_domain,
    )
    fake = FakeWechat(
        account,
        Clock(speed=asked.speed),
        asked.hook,
        patience=asked.patience,
        seed=asked.seed,
        stamp=time.time,
        host=asked.host,
        port=asked.port,
    )
    fake.push_faults.by_chance(
        dropped=asked.dropped,
        unheard=asked.unheard,
        doubled=asked.doubled,
        delayed=asked.delayed,
        reordered=asked.reordered,
    )
    for _ in range(asked.citizens):
        fake.citizen()
    return fake


async def served(fake: FakeWechat) -> None:
    async with fake:
        print(f"The phones: {fake.url}/\nPushes go to: {fake.hook}\n\nStart the gateway with:", flush=True)
        for name, value in fake.environment().items():
            print(f"export {name}={value}")
        print("\nCtrl+C ends it.", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(served(made(options().parse_args())))


if __name__ == "__main__":
    main()
