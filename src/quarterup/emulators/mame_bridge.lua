-- The bridge inside MAME: one script for every machine. MAME starts it with -autoboot_script.
--
-- It opens two named pipes (or one TCP socket), says hello, takes its configuration, and from then on answers requests:
-- one reply a request, both binary, little endian, each preceded by its length. The requests and replies are described
-- in bridge_protocol.py; the two files change together and share PROTOCOL.
--
-- Where it acts: `register_frame_done`. Inputs set there are seen by the game in the very next frame, and the callback
-- exists in every MAME version. Save states are exact only when MAME is paused and between two time slices, which is
-- the first `register_periodic` after a whole frame update spent in pause.

local PROTOCOL = 3
local MAGIC = "QUARTRUP"
local OK, FAILED = 0, 1
local NO_PICTURE, RAW_PICTURE = 0, 2
local STEP, WRITE, SAVE, LOAD, DROP, EXPORT, IMPORT, RESET, LOOK, DRAW, KEYS = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11

local SETTINGS = { dipswitch = true, config = true } -- type classes of what is no button

local PAUSED_SPEED = 1000.0 -- times real time
local PATIENCE_S = 3600 -- with a socket, the longest wait for a request
local REPLY_BUFFER_BYTES = 1 << 18 -- a reply in one write, where it fits

-- MAME draws only what some view shows. Of each machine it has, from mame_artwork, one view more, without a screen.
local NO_SCREEN = "No Screen"

-- MAME runs this script again after every reset, a watchdog's too. The Lua state and its callbacks survive; after a
-- hard reset only the machine's objects are new ones.
local bridge = package.loaded["quarterup.bridge"]
if bridge then
	bridge.after_reset()
	return
end

-- `asleep`: frames pass without us, in a pause of ours, during a reset, and once the other side is gone.
bridge = { states = {}, held = {}, remaining = 0, pending = nil, pause_updates = 0, connected = true, asleep = false,
	looked_at = false, count = 0 }
package.loaded["quarterup.bridge"] = bridge

---------------------------------------------------------------------------------------------------- the machine's parts

-- All input fields in one order, the same in every run: by port tag, then by mask, then by name.
local function list_fields()
	local fields = {}
	for tag, port in pairs(manager.machine.ioport.ports) do
		for name, field in pairs(port.fields) do
			fields[#fields + 1] = { tag = tag, name = name, field = field }
		end
	end
	table.sort(fields, function(a, b)
		if a.tag ~= b.tag then return a.tag < b.tag end
		if a.field.mask ~= b.field.mask then return a.field.mask < b.field.mask end
		return a.name < b.name
	end)
	return fields
end

local function find_space(device_tag, space_name)
	local device = manager.machine.devices[device_tag]
	if not device then error("no device '" .. device_tag .. "' in this machine", 0) end
	local space = device.spaces[space_name]
	if not space then
		local names = {}
		for name in pairs(device.spaces) do names[#names + 1] = name end
		error("device '" .. device_tag .. "' has no space '" .. space_name .. "', only: " .. table.concat(names, ", "), 0)
	end
	return space
end

local function check_inside(space, last)
	if last > space.address_mask then
		error(string.format("address 0x%X is outside the space, which ends at 0x%X", last, space.address_mask), 0)
	end
end

-- Whether a byte written at `address` shows at `offset` of `item`. Put back at once; RAM does not mind.
local function shows(item, offset, space, address)
	local before = space:read_u8(address)
	space:write_u8(address, before ~ 0xFF)
	local seen = item:read_block(offset, 1)
	space:write_u8(address, before)
	return seen:byte() == before ~ 0xFF and item:read_block(offset, 1):byte() == before
end

-- The save-state item that holds the RAM from `first` to `last`, and where in it. A block of it is copied at once, while
-- read_range asks the address space for every byte: 1.4 against 11 microseconds for 1 KiB. Nil where it is not plain RAM.
local function find_ram(device, space, first, last)
	if space.data_width ~= 8 then return nil end
	for _, entry in pairs(space.map.entries) do
		local inside = entry.address_start <= first and last <= entry.address_end
		if inside and entry.read.handlertype == "ram" and entry.write.handlertype == "ram" then
			for _, index in pairs(device.items) do
				local item, offset = emu.item(index), first - entry.address_start
				local fits = item.size == 1 and item.count == entry.address_end - entry.address_start + 1
				if fits and shows(item, offset, space, first) and shows(item, offset + last - first, space, last) then
					return item, offset
				end
			end
		end
	end
end

-- A function that reads a range. read_range takes no single byte, and with a stride it wants the range to reach up to
-- where the next byte would be taken, which can lie outside the space.
local function reader(device, space, start, size, stride)
	local last = start + size * stride - 1
	if stride == 1 and last <= space.address_mask then
		local fine, item, offset = pcall(find_ram, device, space, start, last)
		if fine and item then
			return function() return item:read_block(offset, size) end
		end
	end
	if size > 1 and last <= space.address_mask then
		return function() return space:read_range(start, last, 8, stride) end
	end
	local before = size > 1 and reader(device, space, start, size - 1, stride)
	local address = start + (size - 1) * stride
	return function()
		local byte = string.char(space:read_u8(address))
		return before and before() .. byte or byte
	end
end

-- The view MAME started with, and the one without a screen, by their places in the list. None where a person looks on.
local function find_views()
	bridge.target, bridge.blank_view, bridge.drawing = manager.machine.render.targets[1], nil, nil
	bridge.frameskip = bridge.video.frameskip
	if bridge.always_draw then return end
	for place, name in pairs(bridge.target.view_names) do
		if name == NO_SCREEN then bridge.blank_view = place end
	end
	bridge.screen_view = bridge.target.view_index
end

local function first_screen()
	local first_tag, first
	for tag, screen in pairs(manager.machine.screens) do
		if not first_tag or tag < first_tag then first_tag, first = tag, screen end
	end
	return first
end

-- Fetches the machine's objects; again after a hard reset.
function bridge.bind()
	bridge.fields = list_fields()
	bridge.keys = nil
	bridge.video = manager.machine.video
	-- MAME throttles whenever it is paused, -nothrottle or not: two 60ths of a second for each state saved or loaded
	if not bridge.always_draw then bridge.video.throttle_rate = PAUSED_SPEED end
	bridge.screen = first_screen()
	find_views()
	bridge.watches = {}
	bridge.watched_bytes = 0
	for index, watch in ipairs(bridge.watch_list or {}) do
		local space = find_space(watch.device, watch.space)
		check_inside(space, watch.start + (watch.size - 1) * watch.stride)
		bridge.watches[index] = reader(manager.machine.devices[watch.device], space, watch.start, watch.size, watch.stride)
		bridge.watched_bytes = bridge.watched_bytes + watch.size
	end
	bridge.last_step = nil
end

-------------------------------------------------------------------------------------------------------- the connection

local function open_pipes(folder)
	local requests = assert(io.open(folder .. "/requests", "rb"))
	local replies = assert(io.open(folder .. "/replies", "wb"))
	replies:setvbuf("full", REPLY_BUFFER_BYTES)
	bridge.read = function(count) return requests:read(count) end
	bridge.send = function(...)
		if not (replies:write(...) and replies:flush()) then bridge.connected = false end
	end
end

-- MAME's sockets do not block, so reading means asking again and again.
local function open_socket(address)
	local socket = emu.file("rw")
	local problem = socket:open("socket." .. address)
	if problem then error("cannot connect to " .. address .. ": " .. tostring(problem), 0) end
	local patience_ticks = emu.osd_ticks_per_second() * PATIENCE_S
	bridge.read = function(count)
		local data = ""
		local deadline = emu.osd_ticks() + patience_ticks
		while #data < count do
			local part = socket:read(count - #data)
			if part and #part > 0 then
				data = data .. part
			elseif emu.osd_ticks() > deadline then
				return nil
			end
		end
		return data
	end
	bridge.send = function(...) socket:write(table.concat({ ... })) end
end

local function reply(status, body)
	bridge.send(string.pack("<I4I4", #body + 4, status), body)
end

-- Returns the next request's code and body, or nil when the other side is gone.
local function next_request()
	local header = bridge.read(4)
	if not header or #header < 4 then return nil end
	local length = string.unpack("<I4", header)
	local request = bridge.read(length)
	if not request or #request < length then return nil end
	return request:byte(1), request
end

------------------------------------------------------------------------------------------------------------- the hello

local function pack_field(entry)
	local field = entry.field
	local settings = {}
	for value, name in pairs(field.settings or {}) do
		settings[#settings + 1] = string.pack("<i8s2", value, name)
	end
	return string.pack("<s2s2s2BI4i8i8i8Bs2", entry.tag, entry.name, field.type_class, field.is_analog and 1 or 0,
		field.mask, field.minvalue or 0, field.maxvalue or 0, field.defvalue or 0, field.player,
		table.concat(settings))
end

-- Width to height of the picture as the machine's screen shows it, upright; 0 where MAME does not say.
local function display_aspect()
	local fine, aspect = pcall(function() return manager.machine.render.targets[1].current_view.effective_aspect end)
	return fine and aspect or 0.0
end

local function hello()
	local fields = {}
	for index, entry in ipairs(bridge.fields) do fields[index] = pack_field(entry) end
	local width, height = bridge.video:snapshot_size()
	local refresh = bridge.screen and bridge.screen.refresh or 0.0
	return MAGIC .. string.pack("<I2s2s2s2I2I2ddI2", PROTOCOL, emu.app_version(), emu.romname(), emu.gamename(),
		width, height, refresh, display_aspect(), #fields) .. table.concat(fields)
end

-- The screen at its own size, not yet turned upright. MAME draws into two bitmaps by turns and this is the one it will
-- draw into next, so it shows the frame before the one drawn last. snapshot_pixels shows the last.
local function raw_geometry()
	if not bridge.screen then error("this machine has no screen", 0) end
	local pixels, width, height = bridge.screen:pixels()
	local degrees, flip_x, flip_y = bridge.screen:orientation()
	return string.pack("<I2I2I2BB", width, height, degrees, flip_x and 1 or 0, flip_y and 1 or 0), pixels
end

local function configure(body)
	local magic, protocol, picture, count, at = string.unpack("<c8I2BB", body)
	if magic ~= MAGIC or protocol ~= PROTOCOL then error("the other side speaks another protocol", 0) end
	bridge.picture = picture ~= NO_PICTURE
	bridge.raw = picture == RAW_PICTURE
	bridge.watch_list = {}
	for index = 1, count do
		local watch = {}
		watch.device, watch.space, watch.start, watch.size, watch.stride, at = string.unpack("<s2s2I8I4I4", body, at)
		bridge.watch_list[index] = watch
	end
	bridge.bind()
	if bridge.raw then return raw_geometry() end
	local width, height = bridge.video:snapshot_size()
	return string.pack("<I2I2I2BB", width, height, 0, 0, 0)
end

---------------------------------------------------------------------------------------------------------- the requests

local function hold(request, count, at)
	local held = bridge.held
	for index in pairs(held) do held[index] = false end
	for _ = 1, count do
		local index, value
		index, value, at = string.unpack("<I2i4", request, at)
		bridge.fields[index + 1].field:set_value(value)
		held[index] = value
	end
	for index, value in pairs(held) do
		if not value then
			bridge.fields[index + 1].field:clear_value()
			held[index] = nil
		end
	end
end

-- A DIP switch keeps its setting; everything else is held for this step only.
local function set_switches(request, count, at)
	for _ = 1, count do
		local index, value
		index, value, at = string.unpack("<I2i4", request, at)
		bridge.fields[index + 1].field.user_value = value
	end
	return at
end

-- Drawing is decided a frame ahead: only the last frame of a step is drawn, and of a raw picture the one before it.
-- Without a picture MAME skips as many frames as it can, so that has to end, too, when somebody wants to look.
local function plan_drawing()
	local raw = bridge.raw or bridge.looked_at == RAW_PICTURE
	local wanted = (bridge.picture or bridge.looked_at) and (bridge.remaining == 1 or raw and bridge.remaining == 2)
	if wanted ~= bridge.drawing and bridge.blank_view then
		bridge.drawing = wanted
		bridge.target.view_index = wanted and bridge.screen_view or bridge.blank_view
		bridge.video.frameskip = wanted and 0 or bridge.frameskip
	end
end

local parts = {}

local function send_frame()
	local count = 1
	for _, read in ipairs(bridge.watches) do
		count = count + 1
		parts[count] = read()
	end
	local length = bridge.watched_bytes
	if bridge.picture then
		count = count + 1
		parts[count] = bridge.raw and bridge.screen:pixels() or bridge.video:snapshot_pixels()
		length = length + #parts[count]
	end
	local number = bridge.screen and bridge.screen:frame_number() or bridge.count
	parts[1] = string.pack("<I4I4i8", length + 12, OK, number)
	bridge.send(table.unpack(parts, 1, count))
end

local immediate = {}

immediate[WRITE] = function(request)
	local device, space_name, start, data = string.unpack("<s2s2I8s4", request, 2)
	local space = find_space(device, space_name)
	check_inside(space, start + #data - 1)
	for offset = 1, #data do space:write_u8(start + offset - 1, data:byte(offset)) end
	return ""
end

immediate[DROP] = function(request)
	bridge.states[string.unpack("<I4", request, 2)] = nil
	return ""
end

immediate[EXPORT] = function(request)
	return bridge.states[string.unpack("<I4", request, 2)] or error("no such state", 0)
end

immediate[IMPORT] = function(request)
	local id, data = string.unpack("<I4s4", request, 2)
	bridge.states[id] = data
	return ""
end

-- The finished picture as it is now, or the machine's own bitmap. Ends what DRAW began.
immediate[LOOK] = function(request)
	bridge.looked_at = false
	if request:byte(2) == RAW_PICTURE then
		local geometry, pixels = raw_geometry()
		return geometry .. pixels
	end
	local pixels, width, height = bridge.video:snapshot_pixels(), bridge.video:snapshot_size()
	return string.pack("<I2I2I2BB", width, height, 0, 0, 0) .. pixels
end

-- From the next step on, draw the end of each, until the next LOOK.
immediate[DRAW] = function(request)
	bridge.looked_at = request:byte(2)
	return ""
end

-- What a person presses, for every input by keyboard, mouse or gamepad as MAME has it.
local function take_keys_away()
	local nothing = manager.machine.input:seq_from_tokens("NONE")
	bridge.keys = {}
	for index, entry in ipairs(bridge.fields) do
		local field = entry.field
		if not (field.is_analog or SETTINGS[field.type_class]) then
			bridge.keys[index] = field:input_seq("standard")
			field:set_input_seq("standard", nothing)
		end
	end
end

-- Which inputs a person holds just now. From the first time on they don't reach the machine by themselves: only what a
-- STEP holds does.
immediate[KEYS] = function()
	if not bridge.keys then take_keys_away() end
	local pressed, input = {}, manager.machine.input
	for index, keys in pairs(bridge.keys) do
		if input:seq_pressed(keys) then pressed[#pressed + 1] = string.pack("<I2", index - 1) end
	end
	return table.concat(pressed)
end

local at_rest = {}

at_rest[SAVE] = function(request)
	bridge.states[string.unpack("<I4", request, 2)] = manager.machine:buffer_save()
	return ""
end

at_rest[LOAD] = function(request)
	local data = bridge.states[string.unpack("<I4", request, 2)] or error("no such state", 0)
	if manager.machine:buffer_load(data) == false then error("MAME refused the state", 0) end
	return ""
end

local function answer(action, request)
	local fine, body = pcall(action, request)
	if fine then reply(OK, body) else reply(FAILED, tostring(body)) end
end

-- Takes up a step. The same request again changes nothing about what is held.
local function begin_step(request)
	if request ~= bridge.last_step then
		local frames, switches, holds = string.unpack("<I2I2I2", request, 2)
		local at = set_switches(request, switches, 8)
		hold(request, holds, at)
		bridge.last_step, bridge.last_frames = request, frames
	end
	bridge.remaining = bridge.last_frames
	plan_drawing()
end

local function begin_reset(hard)
	hold("", 0, 1)
	bridge.last_step = nil
	bridge.resetting, bridge.asleep = true, true
	if hard then manager.machine:hard_reset() else manager.machine:soft_reset() end
end

-- Answers requests until one lets the machine run on. `resting` says whether states may be saved and loaded right here.
local function serve(resting)
	while bridge.connected do
		local code, request = next_request()
		if code == STEP then
			return begin_step(request)
		elseif code == nil then
			bridge.connected = false
		elseif code == RESET then
			return begin_reset(request:byte(2) == 1)
		elseif at_rest[code] then
			if not resting then
				bridge.pending, bridge.pause_updates, bridge.asleep = request, 0, true
				return emu.pause()
			end
			answer(at_rest[code], request)
		elseif immediate[code] then
			answer(immediate[code], request)
		else
			reply(FAILED, "unknown request " .. tostring(code))
		end
	end
	bridge.asleep = true
	manager.machine:exit()
end

------------------------------------------------------------------------------------------------------------- the clock

local function on_frame_done()
	if bridge.asleep or (bridge.always_draw and manager.machine.paused) then return end
	bridge.count = bridge.count + 1
	local remaining = bridge.remaining - 1
	if remaining > 0 then
		bridge.remaining = remaining
		return plan_drawing()
	end
	if remaining == 0 then
		bridge.remaining = 0
		local fine, problem = pcall(send_frame)
		if not fine then reply(FAILED, tostring(problem)) end
	end
	serve(false)
end

local function on_periodic()
	if not bridge.pending or not manager.machine.paused then return end
	bridge.pause_updates = bridge.pause_updates + 1
	if bridge.pause_updates < 2 then return end -- still inside the time slice that the pause was asked in
	local request = bridge.pending
	bridge.pending, bridge.asleep = nil, false
	answer(at_rest[request:byte(1)], request)
	serve(true)
	emu.unpause()
end

-- A reset that was asked for is answered when it is over. What is held stays held, on a new machine's fields too.
function bridge.after_reset()
	bridge.bind()
	for index, value in pairs(bridge.held) do bridge.fields[index + 1].field:set_value(value) end
	bridge.asleep = false
	if bridge.resetting then
		bridge.resetting = false
		reply(OK, "")
	end
end

local function start()
	if type(manager.machine) == "function" or not emu.register_frame_done then
		error("this MAME is too old: its Lua interface is from before version 0.227", 0)
	end
	local folder = os.getenv("QUARTERUP_PIPES")
	if folder then open_pipes(folder) else open_socket(os.getenv("QUARTERUP_SOCKET")) end
	bridge.always_draw = os.getenv("QUARTERUP_VISIBLE") == "1"
	bridge.bind()
	reply(OK, hello())
	local _, request = next_request()
	if not request then return manager.machine:exit() end
	local fine, answered = pcall(configure, request)
	if not fine then
		reply(FAILED, tostring(answered))
		return manager.machine:exit()
	end
	reply(OK, answered)
	emu.register_frame_done(on_frame_done)
	emu.register_periodic(on_periodic)
	emu.register_prestart(function() bridge.asleep = true end) -- a hard reset: the objects we know are gone
end

start()
