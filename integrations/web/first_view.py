"""The page as it is sent: whole and readable before any script runs, in the citizen's language."""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cached_property, lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from integrations.bootstrap import Services
from integrations.web import wechat_js, wechat_login
from integrations.web.page_files import ASK, ASKED, File, PageFiles, sent
from kb import page_words
from kb.page_words import FIRST, Frame

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGE = "jiesu_language"
YEAR = 365 * 24 * 3600
# Topics whose words the page brings along; the others are fetched by the panel that needs them.
AT_ONCE = ("page", "talk", "cards")
# The assistant's fixed words, word for word in Chinese.
TERMS = "terms"


class FirstView:
    """Renders the page; one rendering for each language and kind of script is kept."""

    def __init__(self, files: PageFiles) -> None:
        self.files = files
        self.render = lru_cache(maxsize=64)(self._render)
        self.topic = lru_cache(maxsize=256)(self._topic)

    @cached_property
    def words(self) -> page_words.PageWords:
        return page_words.load()

    @cached_property
    def _templates(self) -> Environment:
        return Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def language(self, request: Request) -> str:
        """As the address asks (`?lang=`), as was chosen here before, or as the browser wishes."""
        for wish in (request.query_params.get("lang"), request.cookies.get(LANGUAGE)):
            if wish in self.words.languages:
                return wish
        return self.words.best(request.headers.get("accept-language", ""))

    def remember(self, request: Request, response: Response, *, secure: bool) -> None:
        """Keep the language that the address asked for."""
        wish = request.query_params.get("lang")
        if wish in self.words.languages:
            response.set_cookie(LANGUAGE, wish, max_age=YEAR, samesite="lax", secure=secure, path="/")

    @property
    def _choice(self) -> list[tuple[str, str]]:
        """Every language with its own name."""
        return [(one, self.words.frame(one).sentences["page.language_name"]) for one in self.words.languages]

    def _render(self, language: str, template: str = "index.html") -> File:
        frame = self.words.frame(language)
        sentences, elder = frame.of(AT_ONCE)
        data = {"language": frame.language, "base": self.files.base, "words": sentences, "elder": elder}
        body = self._templates.get_template(template).render(
            base=self.files.base,
            modules=self.files.needed_by("chat.js"),
            language=frame.language,
            languages=self._choice,
            t=frame.say,
            frame=Markup(_as_data(data)),  # noqa: S704 - escaped there
        )
        return _file(body.encode(), "text/html; charset=utf-8")

    def plain(self, language: str, **shown: object) -> str:
        """The page without scripts, with what is to be shown on it."""
        frame = self.words.frame(language)
        template = self._templates.get_template("plain.html")
        return template.render(
            base=self.files.base,
            language=frame.language,
            languages=self._choice,
            t=frame.say,
            gloss=self._glosses(frame).get,
            **shown,
        )

    def _glosses(self, frame: Frame) -> dict[str, str]:
        """The assistant's fixed words in a language that is not Chinese, as `glosses.js` has them on the whole page."""
        if frame.language.startswith("zh"):
            return {}
        said, own = self.words.frame(FIRST).of((TERMS,))[0], frame.sentences
        return {text: own[key] for key, text in said.items()}

    def _topic(self, language: str, topic: str) -> File | None:
        if topic not in self.words.topics:
            return None
        sentences, elder = self.words.frame(language).of((topic,))
        body = json.dumps({"words": sentences, "elder": elder}, ensure_ascii=False).encode()
        return _file(body, "application/json; charset=utf-8")


def _file(body: bytes, kind: str) -> File:
    return File(body, gzip.compress(body, 9, mtime=0), kind, hashlib.sha256(body).hexdigest()[:12])


def _as_data(value: object) -> str:
    """JSON that cannot end the <script> it stands in."""
    escapes = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character, escape in escapes.items():
        text = text.replace(character, escape)
    return text


def router(services: Services, view: FirstView) -> APIRouter:
    """The page and the words that its panels fetch."""
    routes = APIRouter()

    @routes.api_route("/", methods=ASKED, include_in_schema=False)
    async def page(request: Request) -> Response:
        if away := await wechat_login.sign_in_first(services, request):
            return away
        language = view.language(request)
        found = view.render(language)
        headers = {"etag": f'"{found.tag}"', "cache-control": ASK, "content-language": language}
        if policy := wechat_js.page_policy(services, request):
            headers["content-security-policy"] = policy
        response = sent(request, found, headers)
        response.headers["vary"] = "accept-encoding, accept-language, cookie"
        view.remember(request, response, secure=services.settings.cookie_secure)
        return response

    @routes.api_route("/page-words/{language}/{topic}", methods=ASKED, include_in_schema=False)
    async def words(request: Request, language: str, topic: str) -> Response:
        found = view.topic(language if language in view.words.languages else FIRST, topic)
        if found is None:
            return Response(status_code=404)
        return sent(request, found, {"etag": f'"{found.tag}"', "cache-control": ASK})

    @routes.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        """The page carries its icon in itself; browsers ask for this one all the same."""
        return Response(status_code=204)

    return routes
