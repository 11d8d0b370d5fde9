/* A stand-in for WeChat's script for pages. What needs an answer of WeChat's servers comes as a further script, so that
   a page's content policy needs no more than the address of this one. */
(function () {
  var origin = new URL(document.currentScript.src).origin, ready = [], failed = [], state = null, waiting = {}, count = 0;
  function ask(path, fields, done) {
    var name = "c" + ++count, script = document.createElement("script");
    waiting[name] = done;
    fields.callback = name;
    script.src = origin + "/open/js/" + path + "?" + new URLSearchParams(fields);
    document.head.appendChild(script);
  }
  function call(how, name, value) {
    setTimeout(function () {
      value.errMsg = name + ":" + (state === "ok" ? "ok" : "the permission value is offline verifying");
      if (state === "ok" && how.success) how.success(value);
      if (state !== "ok" && how.fail) how.fail(value);
      if (how.complete) how.complete(value);
    }, 0);
  }
  window.wx = {
    _answer: function (name, value) { waiting[name](value); },
    config: function (settings) {
      ask("config.js", {
        appId: settings.appId, timestamp: settings.timestamp, nonceStr: settings.nonceStr,
        signature: settings.signature, url: location.href.split("#")[0]
      }, function (right) {
        state = right ? "ok" : "bad";
        if (right) ready.forEach(function (one) { one(); });
        else failed.forEach(function (one) { one({ errMsg: "config:invalid signature" }); });
      });
    },
    ready: function (one) { if (state === "ok") one(); else ready.push(one); },
    error: function (one) { failed.push(one); if (state === "bad") one({ errMsg: "config:invalid signature" }); },
    checkJsApi: function (how) { call(how, "checkJsApi", { checkResult: {} }); },
    getLocation: function (how) {
      call(how, "getLocation", { latitude: 30.2741, longitude: 120.1551, speed: 0, accuracy: 30 });
    },
    openLocation: function (how) { call(how, "openLocation", {}); },
    chooseImage: function (how) { call(how, "chooseImage", { localIds: ["weixin://resourceid/1"] }); },
    uploadImage: function (how) {
      ask("upload.js", {}, function (id) { call(how, "uploadImage", { serverId: id }); });
    },
    closeWindow: function () {}
  };
})();
